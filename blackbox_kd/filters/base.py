"""What all filters share."""

import msgspec


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="rule"):
    """Base of all filters: the fields are the settings, the tag is the name in bbkd.toml and in every verdict."""

    @property
    def name(self) -> str:
        """The filter's tag."""
        return str(self.__struct_config__.tag)
