"""bbkd.toml as frozen, typed settings: a module a section, and one loader that knows where each value came from."""
