"""What does a leaking operator look like while it runs? Small real applications behind real proxies, on this machine alone.

It is a training ground: each fault is a switch, and what was really shown wrongly is written down by the applications themselves.
It shares no code with what is tried on it.
"""
