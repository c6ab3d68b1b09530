"""Groups on the page: a switch, and what it changes."""

from dataclasses import replace

import httpx
import pytest
from PIL import Image
from visitor import QUIET, at_rest, example, press, rows, set_temperature, upload

from eyeful.page.answer import answered
from eyeful.page.classify import bars_of, headline_of
from eyeful.sources import open_source
from eyeful.wording import percent
from helpers import fake_classifier

pytestmark = QUIET


def switch(tab):
    at_rest(tab)
    tab.locator("#sure input").click()


def test_the_switch_answers_with_a_group_and_code_to_copy_follows(tab, lite0, samples):
    example(tab, "cat")
    tab.locator("#answer h2", has_text="tiger cat").wait_for()
    assert not tab.locator("#sure input").is_checked()
    plain = tab.inner_text("#answer"), rows(tab), tab.locator("#elsewhere pre").all_text_contents()
    assert "sure" not in "".join(plain[2])

    switch(tab)
    group = lite0.with_options(sure=0.8).predict(samples["cat"]).group
    tab.locator("#answer h2", has_text=f"{group.name} {percent(group.prob)} (tiger cat?)").wait_for()
    assert f"A group of {group.labels} of 1,000 labels, by lite0" in tab.inner_text("#answer p")
    tab.locator("#bars table.unsure").wait_for()
    assert rows(tab) == plain[1]
    code = tab.locator("#elsewhere pre", has_text="sure")
    code.first.wait_for(state="attached")
    python, command, server = code.all_text_contents()
    assert "sure=0.8" in python
    assert "--sure=0.8" in command
    assert "--sure=0.8" in server

    set_temperature(tab, 2)
    tab.locator("#answer h2", has_text=f"{group.name} {percent(group.prob)} at T = 1 (tiger cat?)").wait_for()
    set_temperature(tab, 1)
    switch(tab)
    tab.locator("#answer h2", has_text="tiger cat 3").wait_for()
    assert (tab.inner_text("#answer"), rows(tab)) == plain[:2]
    assert tab.locator("#elsewhere pre").all_text_contents() == plain[2]


@pytest.mark.slow
def test_it_holds_for_the_next_image_too(tab, odd, lite0, samples):
    switch(tab)
    example(tab, "coffee")
    tab.locator("#answer h2", has_text="espresso 9").wait_for()
    assert "The best of 1,000 labels" in tab.inner_text("#answer p"), "the label itself holds enough"
    upload(tab, odd["turned"])
    group = lite0.with_options(sure=0.8).predict(odd["turned"]).group
    tab.locator("#answer h2", has_text=group.name).wait_for()
    press(tab, "Remove Image")
    tab.locator("#answer .note").wait_for()
    upload(tab, samples["galaxies"])
    tab.locator("#answer p", has_text="No group holds 80%; the best of 1,000 labels").wait_for()
    assert tab.inner_text("#answer h2").startswith("unsure (")


def test_a_frame_of_the_camera_is_answered_with_a_group(site, cat):
    jpeg = cat.with_suffix(".camera.jpg")
    Image.open(cat).convert("RGB").save(jpeg, quality=95)
    headers = {"content-type": "image/jpeg"}
    for query, said in (("model=lite0", "The best of"), ("model=lite0&groups=", "A group of")):
        reply = httpx.post(f"{site.url}/page/live?{query}", content=jpeg.read_bytes(), headers=headers)
        assert said in reply.json()["headline"]


def item(name):
    (found,) = open_source(str(name)).items
    return found


def test_labels_without_groups_are_said_to_have_none(cat):
    with fake_classifier() as fake:
        found = answered(fake, "fake", item(cat))
    assert "groups" not in headline_of(found)
    shown = found.shown(grouping=True)
    assert "whose labels have no groups" in headline_of(shown)
    assert shown.spec.sure is None


def test_a_models_own_share_is_shown_only_where_groups_are(lite0, cat):
    found = answered(lite0.with_options(sure=0.999), "lite0", item(cat))
    assert (found.prediction.sure, found.spec.sure) == (None, None)
    shown = found.shown(grouping=True)
    assert (shown.prediction.sure, shown.spec.sure) == (0.999, 0.999)


def test_what_a_calibration_promises_of_a_label_is_not_said_of_a_group(lite0, cat, samples):
    group, label = (
        replace(answered(lite0, "lite0", item(path)), promise="a promise") for path in (cat, samples["coffee"])
    )
    assert "a promise" in headline_of(group)
    assert "a promise" not in headline_of(group.shown(grouping=True))
    assert "promises nothing of groups" in headline_of(group.shown(grouping=True))
    assert "a promise" in headline_of(label.shown(grouping=True))


def test_a_prediction_set_has_a_line_of_its_own_even_where_it_says_nothing(lite0, cat):
    found = answered(lite0, "lite0", item(cat))
    assert "possible" not in bars_of(found)
    for labels, said in ((2, "one of: tiger cat, Egyptian cat</p>"), (1, '<p class="soft possible"></p>')):
        top = found.prediction.top[:labels]
        assert said in bars_of(replace(found, prediction=replace(found.prediction, prediction_set=top)))
