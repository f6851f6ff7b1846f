"""Pure maths and decisions: no device, thread, clock, file or log. Only the standard library's maths and numpy."""
