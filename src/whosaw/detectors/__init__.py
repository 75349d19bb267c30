"""The leak types we know.

This list is the product: its order is how much a finding proves, and each disclosure goes to the first that claims it.
"""

from whosaw.detectors import (
    account_mixup,
    anonymous_read,
    bulk_read,
    cached_page,
    canary_touch,
    enriched_request,
    foreign_record,
    former_owner,
    object_walk,
    shared_session,
    unexplained_lookup,
)
from whosaw.model import Detector

DETECTORS: tuple[Detector, ...] = (
    canary_touch.DETECTOR,
    cached_page.DETECTOR,
    shared_session.DETECTOR,
    former_owner.DETECTOR,
    account_mixup.DETECTOR,
    enriched_request.DETECTOR,
    anonymous_read.DETECTOR,
    object_walk.DETECTOR,
    bulk_read.DETECTOR,
    unexplained_lookup.DETECTOR,
    foreign_record.DETECTOR,
)
