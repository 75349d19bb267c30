"""May this recipient be shown this customer's data, now? Asked before it happens, and answered as it will be judged afterwards."""
