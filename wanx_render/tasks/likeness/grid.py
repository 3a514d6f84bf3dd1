"""Where two pictures are compared: their common size, and the cells of the frame that count."""

from dataclasses import dataclass

from PIL import Image, ImageFilter

from wanx_render.backends import panel

SIDE = 576  # pixels of the longer side at which two pictures are compared
CELL = 16  # pixels; a cell is where colour and detail are measured
SPOT = 3  # pixels; a spot, where luma is compared, reaches so far around its middle
EDGE = 5  # pixels of the compared frame that never count


def scaled(picture: Image.Image, side: int) -> Image.Image:
    """``picture`` with its longer side at ``side`` pixels."""
    factor = side / max(picture.size)
    size = max(8, round(picture.width * factor)), max(8, round(picture.height * factor))
    return picture.resize(size, Image.Resampling.BICUBIC)


def visible_part(shown: Image.Image) -> Image.Image:
    """255 where the clip's picture is seen: all of it, but for a test clip's slate."""
    mask = Image.new("L", shown.size, 255)
    place = panel.find(shown)
    if place:
        edge = max(shown.size) // 200 + 2
        box = (place.x - edge, place.y - edge, place.x + place.width + edge, place.bottom + edge)
        mask.paste(0, box)
    return mask


def inner(mask: Image.Image) -> Image.Image:
    """``mask`` without what is near its edges, where a spot would see beyond them."""
    near = mask.filter(ImageFilter.BoxBlur(SPOT + 3))
    return near.point([255 * (level == 255) for level in range(256)])


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells over the compared frame; ``cells`` are the numbers of those that count."""

    columns: int
    rows: int
    usable: Image.Image  # 255 where a pixel counts
    cells: tuple[int, ...]

    @classmethod
    def over(cls, usable: Image.Image) -> "Grid":
        """The cells that are usable to their edges; the outermost pixels of a frame never are."""
        width, height = usable.size
        inside = Image.new("L", usable.size)
        inner = EDGE, EDGE, width - EDGE, height - EDGE
        inside.paste(usable.crop(inner), inner)
        columns, rows = max(1, width // CELL), max(1, height // CELL)
        shares = inside.resize((columns, rows), Image.Resampling.BOX).tobytes()
        cells = tuple(cell for cell, share in enumerate(shares) if share > 100)
        return cls(columns, rows, inside, cells)

    def without(self, box: tuple[int, int, int, int]) -> "Grid":
        usable = self.usable.copy()
        usable.paste(0, box)
        return Grid.over(usable)

    def means(self, plane: Image.Image) -> list[float]:
        """The mean of a grey picture over each cell that counts, of its usable pixels alone."""
        size = (self.columns, self.rows)
        masked_plane = Image.new("L", plane.size)
        masked_plane.paste(plane, (0, 0), self.usable)
        sums, weights = (
            memoryview(
                plane_or_mask.convert("F").resize(size, Image.Resampling.BOX).tobytes()
            ).cast("f")
            for plane_or_mask in (masked_plane, self.usable)
        )
        return [sums[cell] * 255 / weights[cell] for cell in self.cells]
