"""Writes class folders anew with the packages that others write data sets with.

data_forms.py FOLDER OUT: FOLDER holds train/CLASS/NAME.png and test/CLASS/NAME.png. OUT gets, in the order of the names,
  shards/SPLIT-000000.tar  by webdataset, with labels as .cls
  texts/SPLIT-000000.tar   by webdataset, with a text as .txt and the caption of img2dataset in .json
  hub/SPLIT-00000-of-00001.parquet  by datasets, in small row groups, with a column of classes
  plain/all.parquet        by pyarrow, with compressed and dictionary pages, a column of texts and one null
"""

import io
import os
import pathlib
import sys

os.environ["HF_DATASETS_CACHE"] = sys.argv[2] + "/cache"  # read when the package is imported

import datasets
import pyarrow
import pyarrow.parquet
import webdataset

folder, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
rows = [(p.parts[-3], p.parts[-2], p.stem, p.read_bytes()) for p in sorted(folder.glob("*/*/*.png"))]
classes = sorted({label for _, label, _, _ in rows})
for kind in ("shards", "texts", "hub", "plain"):
    os.makedirs(out / kind)

for split in ("train", "test"):
    of_split = [row[1:] for row in rows if row[0] == split]
    with webdataset.ShardWriter(str(out / "shards" / f"{split}-%06d.tar"), maxcount=5, verbose=0) as writer:
        for label, name, png in of_split:
            writer.write({"__key__": f"{label}/{name}", "png": png, "cls": label})
    with webdataset.ShardWriter(str(out / "texts" / f"{split}-%06d.tar"), maxcount=5, verbose=0) as writer:
        for label, name, png in of_split:
            writer.write({"__key__": f"{label}/{name}", "png": png, "txt": label, "json": {"caption": "not this"}})
    features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=classes)})
    columns = {"image": [{"bytes": png, "path": f"{name}.png"} for _, name, png in of_split],
               "label": [label for label, _, _ in of_split]}
    datasets.Dataset.from_dict(columns, features=features).to_parquet(
        out / "hub" / f"{split}-00000-of-00001.parquet", batch_size=3)

table = pyarrow.table({"id": [1.5] * len(rows), "caption": [f"{label} {name}" for _, label, name, _ in rows[:-1]] + [None],
                       "img": [png for *_, png in rows], "split": [split for split, *_ in rows],
                       "words": [[label] for _, label, _, _ in rows]})
pyarrow.parquet.write_table(table, out / "plain" / "all.parquet", compression="zstd", row_group_size=4, data_page_size=1,
                            data_page_version="2.0")
