"""whosaw: who saw whose customer data, were they entitled, since when, and how many?"""

__version__ = "0.1.0"
