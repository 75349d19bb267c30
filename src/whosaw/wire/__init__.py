"""How is a request taken from a stranger, within limits, and answered?"""
