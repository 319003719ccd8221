"""The terms on which chunks are worked off."""

from __future__ import annotations

import msgspec


class CampaignTerms(msgspec.Struct, frozen=True, kw_only=True):
    """How chunks are worked off; times in seconds."""

    lease: float = 10.0
    """A worker that has not been heard of for so long has lost its chunks."""
    claim: float = 5.0
    """A claim is as many rows as are done in about so long."""
    surplus: float = 20.0
    """What would be begun only after so long is given back, for others to have."""
    poll: float = 2.0
    """How often to look for chunks when nobody tells of any."""
    tidying: float = 1.0
    """How often to look for lost leases and finished batches, at least, while somebody has chunks in hand."""
    resting: float = 2.0
    """The same while nobody has."""
    retry: float = 1.0
    """How long to leave alone what is away or has no room."""
    patience: float = 60.0
    """For so long results are offered to a database that does not take them; then others make them anew."""
    longest: float = 900.0
    """A row that takes longer has failed, though nobody knows why."""
    grace: float = 5.0
    """On a stop, for so long what is begun may go on; then it is given back."""
