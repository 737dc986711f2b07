"""A piece of a slot in memory that the worker has, too."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from judge.slots.layout import Field, Piece

NAN = 0x7FC0  # in bf16; twice it is one in fp32


class SharedPiece:
    """`memory`: uint8 of at least the piece's size, on any device. `pattern`, over and over, is a guard, and secret."""

    def __init__(self, piece: Piece, memory: torch.Tensor, pattern: bytes):
        self.piece, self._memory = piece, memory
        longest = max(end - start for start, end in piece.guards)
        filling = bytearray((pattern * (longest // len(pattern) + 1))[:longest])
        self._filling = torch.frombuffer(filling, dtype=torch.uint8).to(memory.device)
        for guard in self._guards():
            guard.copy_(self._filling[: len(guard)])

    def region(self, field: Field, window: int = 0) -> torch.Tensor:
        offset = self.piece.offset(field, window)
        return self._memory[offset : offset + field.bytes]

    def address(self, field: Field, window: int = 0) -> int:
        return self._memory.data_ptr() + self.piece.offset(field, window)

    def poison(self) -> None:
        for field in self.piece.fields:
            self.region(field).view(torch.int16).fill_(NAN)

    def holds(self, values: Sequence[torch.Tensor], window: int) -> bool:
        """Whether the fields are byte for byte these, which are contiguous."""
        same = [
            _same(self.region(field, window), value.view(-1).view(torch.uint8))
            for field, value in zip(self.piece.fields, values, strict=True)
        ]
        return bool(torch.stack(same).all())

    def guards_intact(self) -> bool:
        same = [(guard == self._filling[: len(guard)]).all() for guard in self._guards()]
        return bool(torch.stack(same).all())

    def _guards(self) -> list[torch.Tensor]:
        return [self._memory[start:end] for start, end in self.piece.guards]


def _same(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """By the widest view, so that the table of equals is small."""
    wide = all(each.numel() % 8 == 0 and each.data_ptr() % 8 == 0 for each in (a, b))
    word = torch.int64 if wide else torch.int16
    return (a.view(word) == b.view(word)).all()
