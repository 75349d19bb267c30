"""Does the running proxy obey the policy? Real requests are sent through the real proxy, and what the origins received is judged."""
