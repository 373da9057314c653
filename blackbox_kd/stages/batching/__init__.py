"""Buys rows through the providers' batch APIs, at half the price and within a day, through the same ledger.

A batch is reserved in the ledger, then created at the provider, then its id is kept; whoever starts again adopts what
is open (`adopting`). Nothing is submitted twice. What a batch brought is imported row by row (`importing`), what went
wrong with it settled (`settling`).
"""

from blackbox_kd.stages.batching.submitting import buy_batches

__all__ = ["buy_batches"]
