"""One prompt-synthesis strategy a file; each yields prompts, through the same ledger where it asks a teacher."""
