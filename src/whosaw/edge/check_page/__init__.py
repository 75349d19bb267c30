"""What does the network add to my requests? A page that shows it to a customer, keeps nothing clear, and lets them tell the operator."""
