"""Does the gateway tell strangers who a customer is? Own origins say what arrived; whatever was not sent was added on the way."""
