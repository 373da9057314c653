"""The simulated teacher: a real HTTP server with both wires, an oracle, noise, faults and books of its own."""
