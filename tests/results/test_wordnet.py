"""The tree of `wordnet.json`, the names of `group_names.toml`, and the script that made the tree."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from eyeful.models.labels import imagenet_wnids
from eyeful.results.groups import _depth
from eyeful.results.wordnet import wordnet

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "src" / "eyeful" / "results"
TREE = json.loads((RESULTS / "wordnet.json").read_text(encoding="utf-8"))
NAMES = tomllib.loads((RESULTS / "group_names.toml").read_text(encoding="utf-8"))
ENTITY = "n00001740"
DOG = "n02084071"


def test_a_thousand_leaves_under_one_root():
    parents = wordnet().parents
    assert set(TREE["labels"]) == set(imagenet_wnids())
    assert len(TREE["labels"]) == 1000
    above = {parent for nodes in parents.values() for parent in nodes}
    assert above == set(TREE["nodes"]), "every inner node holds something, and no leaf does"
    assert [wnid for wnid, nodes in parents.items() if not nodes] == [ENTITY]
    assert all(ENTITY in wordnet().upwards(wnid) for wnid in parents)
    assert all(_depth(wnid) > _depth(parent) for wnid, nodes in parents.items() for parent in nodes)


def test_some_nodes_have_several_parents():
    nodes = [node[1:] for node in TREE["nodes"].values()] + list(TREE["labels"].values())
    assert [sum(len(node) == count for node in nodes) for count in (2, 3, 4)] == [72, 3, 0]


def test_upwards_is_the_shortest_way():
    found = wordnet().upwards("n02099712")  # Labrador retriever: retriever, sporting dog, hunting dog, dog
    assert [found[wnid] for wnid in ("n02099712", "n02099029", DOG)] == [0, 1, 4]
    assert found["n01317541"] == 5, "a domestic animal, by the dog's second parent"
    assert wordnet().upwards("n99999999") == {}


def test_names_are_of_nodes_that_there_are():
    nodes = {wnid: node[0] for wnid, node in TREE["nodes"].items()}
    assert NAMES["skipped"].items() <= nodes.items()
    assert {wnid: name for wnid, (name, _) in NAMES["reworded"].items()}.items() <= nodes.items()
    assert all(was != name for was, name in NAMES["reworded"].values())
    assert not NAMES["skipped"].keys() & NAMES["reworded"].keys()
    assert all(parent in TREE["nodes"][wnid] for wnid, parent in NAMES["cut"].items())
    assert all(len(wordnet().parents[wnid]) == 1 for wnid in NAMES["cut"])


@pytest.mark.parametrize(
    ("wnid", "name"),
    [
        (DOG, "dog"),
        ("n01503061", "bird"),
        ("n04524313", "vehicle"),
        ("n03800933", "musical instrument"),
        ("n02913152", "building"),
        ("n02083346", "dog-like animal"),
        *((wnid, None) for wnid in (ENTITY, "n00003553", "n03575240", "n01886756", "n01661818", "n03247620")),
    ],
)
def test_words_of_people(wnid, name):
    assert wordnet().names.get(wnid) == name


def script(*arguments):
    command = [sys.executable, ROOT / "tools" / "wordnet_tree.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=100)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/usr/share/wordnet/data.noun").exists(), reason="wordnet-base is not installed")
def test_the_script_makes_both_files():
    done = script("--check")
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.slow
def test_the_script_without_wordnet(tmp_path):
    done = script("--wordnet", tmp_path)
    assert done.returncode == 2
    assert "data.noun is missing: apt-get install wordnet-base" in done.stdout


@pytest.mark.slow
def test_the_script_sees_another_wordnet(tmp_path):
    """A WordNet of 1,000 nouns, each a kind of entity: what is there differs, and stays."""
    before = (RESULTS / "wordnet.json").read_bytes()
    lines = ["  1 All rights reserved.", "00001740 03 n 01 entity 0 000 | that which is"]
    lines += [
        f"{wnid[1:]} 05 n 02 a_{n} 0 b 0 001 @ 00001740 n 0000 | no more"
        for n, wnid in enumerate(imagenet_wnids())
    ]
    (tmp_path / "data.noun").write_text("\n".join(lines) + "\n")
    done = script("--check", "--wordnet", tmp_path)
    assert (done.returncode, done.stdout) == (1, "wordnet.json differs\nwordnet-license.txt differs\n")
    assert (RESULTS / "wordnet.json").read_bytes() == before


def test_nothing_is_read_by_importing():
    code = (
        "import sys, eyeful.results, eyeful.results.wordnet as found; print(found.wordnet.cache_info().currsize)"
    )
    code += "; print({'tomllib', 'importlib.resources'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=100)
    assert done.stdout.split() == ["0", "set()"]
