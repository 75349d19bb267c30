"""How is a customer's identity kept from leaving with a request? One policy, compiled to the proxies, proved on them."""
