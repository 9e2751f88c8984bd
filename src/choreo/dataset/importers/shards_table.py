"""The videos table of a study whose rows are shards."""

from choreo.files import write_text

COLUMNS = ("id", "source", "song", "dancer", "genre", "licence", "split")


def write_shards_table(clips, path):
    """Write a videos table with one row a shard.

    Parameters
    ----------
    clips : list of dict
        Of `choreo.dataset.pack.info`; their shards are ``shards/<video>.h5`` beside the table.
    path : str or Path
        The table (``.tsv``).
    """
    lines = ["\t".join(COLUMNS)]
    for clip in clips:
        cells = {
            **clip,
            "id": clip["video"],
            "source": f"shards/{clip['video']}.h5",
            "licence": clip["provenance"].get("licence", ""),
        }
        lines.append("\t".join(cells[name] for name in COLUMNS))
    write_text(path, "\n".join(lines) + "\n")
