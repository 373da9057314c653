"""Black-box, sequence-level knowledge distillation: prompts and a text-only teacher in, a small student out."""

__version__ = "0.1.0"
