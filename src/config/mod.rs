//! One TOML file by section, validated whole before a port opens.
