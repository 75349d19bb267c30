"""Is this text a customer's number, in any wrapping; how is it masked and pseudonymised?"""

from whosaw.identifiers.additions import Addition, Weight, added, heaviest
from whosaw.identifiers.catalogue import IDENTITY, Catalogue, Entry, HeaderClass, catalogue, classify
from whosaw.identifiers.disguises import TOKEN_PATTERN, disguises, fold
from whosaw.identifiers.masking import mask, mask_runs
from whosaw.identifiers.numbers import Kind, Profile, normalise, profile, spellings
from whosaw.identifiers.pseudonyms import DOMAINS, Pseudonymiser, label
from whosaw.identifiers.recognise import Hit, recognise
from whosaw.identifiers.wrappings import WRAPPINGS, Wrapping, unwrap_all

__all__ = [
    "DOMAINS",
    "IDENTITY",
    "TOKEN_PATTERN",
    "WRAPPINGS",
    "Addition",
    "Catalogue",
    "Entry",
    "HeaderClass",
    "Hit",
    "Kind",
    "Profile",
    "Pseudonymiser",
    "Weight",
    "Wrapping",
    "added",
    "catalogue",
    "classify",
    "disguises",
    "fold",
    "heaviest",
    "label",
    "mask",
    "mask_runs",
    "normalise",
    "profile",
    "recognise",
    "spellings",
    "unwrap_all",
]
