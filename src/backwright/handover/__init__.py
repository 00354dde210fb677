"""Hand-over packs: what those who go on with a built service need, addressed to their tasks.

One module per pack. A pack is computed as text from the model, the contract and the results of gates; `place` alone
writes files.
"""

from backwright.handover.addresses import KINDS, Address, addresses
from backwright.handover.writing import written

__all__ = ["KINDS", "Address", "addresses", "written"]
