"""Is this text a customer's number, in any wrapping; how is it masked and pseudonymised?"""

from whosaw.identifiers.catalogue import Catalogue, Entry, HeaderClass, catalogue, classify
from whosaw.identifiers.disguises import TOKEN_PATTERN, disguises, fold
from whosaw.identifiers.masking import mask, mask_runs
from whosaw.identifiers.numbers import Kind, Profile, normalise, profile, spellings
from whosaw.identifiers.pseudonyms import DOMAINS, Pseudonymiser, label
from whosaw.identifiers.recognise import Hit, recognise
from whosaw.identifiers.wrappings import WRAPPINGS, Wrapping, unwrap_all

__all__ = [
    "DOMAINS",
    "TOKEN_PATTERN",
    "WRAPPINGS",
    "Catalogue",
    "Entry",
    "HeaderClass",
    "Hit",
    "Kind",
    "Profile",
    "Pseudonymiser",
    "Wrapping",
    "catalogue",
    "classify",
    "disguises",
    "fold",
    "label",
    "mask",
    "mask_runs",
    "normalise",
    "profile",
    "recognise",
    "spellings",
    "unwrap_all",
]
