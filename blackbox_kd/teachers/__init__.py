"""Teachers: pure wires, the ledger of paid replies, retries, prices, terms; only `client` does network I/O."""
