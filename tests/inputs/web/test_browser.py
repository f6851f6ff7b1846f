"""The remote in a real browser, phone and laptop, playing a real show whose pictures are grey."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from liveanim.thumbnails import as_webp

from .clients import LOOKS, Playing, pictured, until

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here"),
    pytest.mark.timeout(240),
    # Playwright leaves its own event loop to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]
QUIET = ("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync")
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
NARROW = {**PHONE, "viewport": {"width": 320, "height": 568}}
SIDEWAYS = {**PHONE, "viewport": {"width": 844, "height": 390}}
LAPTOP = {"viewport": {"width": 1280, "height": 800}}
PATIENCE = 60_000  # ms: a busy machine


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        root = ["--no-sandbox"]  # Chromium refuses to run as root with it
        one = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *root])
        yield one
        one.close()


@pytest.fixture
def playing() -> Iterator[Playing]:
    one = Playing()
    yield one
    one.close()


@contextmanager
def opened(browser: Any, playing: Playing, device: dict[str, Any], tab: str = "play") -> Iterator[Any]:
    """The page on a device, connected; fails afterwards when the page met an error."""
    context = browser.new_context(**device)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    page.goto(playing.remote.link, wait_until="domcontentloaded")
    until_js(page, "document.querySelector('#look').textContent !== '' && document.querySelector('#bpm') !== null")
    if device is not LAPTOP:
        page.click(f"#tabs [data-tab={tab}]")
    yield page
    context.close()
    assert [error for error in errors if "ERR_CONNECTION" not in error] == []


def until_js(page: Any, expression: str) -> None:
    """Until `expression` is true in the page. (Playwright's own way needs eval there, which the page forbids.)"""
    until(lambda: page.evaluate(expression), PATIENCE / 1000)


def drag(page: Any, selector: str, share: float) -> None:
    """Drag a knob by a share of its width."""
    page.locator(selector).scroll_into_view_if_needed()
    box = page.locator(selector).bounding_box()
    y = box["y"] + box["height"] / 2
    x = box["x"] + box["width"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, 9):
        page.mouse.move(x + share * box["width"] * step / 8, y)
    page.mouse.up()


def dragged(page: Any, selector: str, share: float) -> bool:
    """Whether it could be dragged: not while the page is being built."""
    from playwright.sync_api import Error

    try:
        drag(page, selector, share)
    except Error:
        return False
    return True


HUE = '#knobs [data-param="stage.hue"]'


@pytest.mark.parametrize("device", [PHONE, NARROW, SIDEWAYS, LAPTOP], ids=["phone", "narrow", "sideways", "laptop"])
def test_nothing_is_wider_than_the_screen_and_what_one_touches_is_large(
    browser: Any, playing: Playing, device: dict[str, Any]
) -> None:
    with opened(browser, playing, device) as page:
        for tab in ("play", "prompts", "knobs", "scenes") if device is not LAPTOP else ("play",):
            if device is not LAPTOP:
                page.click(f"#tabs [data-tab={tab}]")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            sizes = page.evaluate(
                "[...document.querySelectorAll('button, .knob .bar, input, select')].filter((e) => e.checkVisibility())"
                ".map((e) => [e.id || e.className || e.textContent, e.offsetHeight])"
            )
            small = [(name, height) for name, height in sizes if height < (36 if device is LAPTOP else 44)]
            assert small == [] and len(sizes) > 10
            assert page.evaluate("document.getElementById('safety').getBoundingClientRect().bottom <= innerHeight")
            cut = "[...document.querySelectorAll('#safety button, #meters .hit')].filter((e) => e.checkVisibility())"
            assert page.evaluate(cut + ".filter((e) => e.scrollWidth > e.clientWidth).map((e) => e.textContent)") == []
            assert page.evaluate("document.getElementById('panic').getBoundingClientRect().right <= innerWidth - 8")
        page.evaluate("document.querySelector('#tabs [data-tab=play]').click()")
        for part in (".tap", "#macros .bar"):  # what plays is in sight at once
            box = page.locator(part).first.bounding_box()
            assert box["y"] + box["height"] <= page.locator("footer").bounding_box()["y"]


def test_a_dragged_knob_takes_over_and_two_taps_give_it_back(browser: Any, playing: Playing) -> None:
    with opened(browser, playing, PHONE, "knobs") as page:
        drag(page, HUE, 0.25)
        until(lambda: playing.blend.holders.get("stage.hue") == "web")
        until(lambda: abs(playing.blend.values["stage.hue"] - 0.5) < 0.08)
        until_js(page, f"document.querySelector('{HUE} .mark').textContent === 'remote'")
        until_js(page, "document.querySelector('#held b').textContent === '1'")
        page.locator(HUE).dblclick()
        until(lambda: "stage.hue" not in playing.blend.knobs)
        until_js(page, f"document.querySelector('{HUE} .mark').textContent === ''")


def test_a_turn_on_one_client_is_seen_on_another(browser: Any, playing: Playing) -> None:
    with opened(browser, playing, PHONE, "knobs") as phone, opened(browser, playing, LAPTOP) as laptop:
        phone.locator(HUE).focus()
        phone.keyboard.press("PageUp")
        until_js(laptop, f"document.querySelector('{HUE} .mark').textContent === 'remote'")
        assert laptop.inner_text(f"{HUE} output") == "0.200"


def test_a_prompt_is_played_seen_by_the_others_and_remembered(browser: Any, playing: Playing) -> None:
    with opened(browser, playing, PHONE, "prompts") as phone, opened(browser, playing, LAPTOP) as laptop:
        writing = laptop.locator('[data-slot="1"] textarea')
        writing.fill("half a thought")
        slot = phone.locator('[data-slot="1"] textarea')
        slot.fill("a storm at sea")
        assert playing.blend.status.prompts == ("a lighthouse",)  # not before it is sent
        slot.press("Enter")
        until(lambda: playing.blend.status.prompts == ("a storm at sea",))
        until_js(phone, "document.querySelectorAll('#history button').length === 2")
        assert writing.input_value() == "half a thought"
        writing.press("Escape")
        assert writing.input_value() == "a storm at sea"
        phone.click("#history button >> nth=1")
        phone.click('[data-slot="1"] .go')
        until(lambda: playing.blend.status.prompts == ("a lighthouse",))
        phone.fill("#negative", "text")
        phone.press("#negative", "Enter")
        until(lambda: playing.blend.status.negative == "text")


def test_an_expression_is_tried_marked_where_it_is_wrong_and_played(browser: Any, playing: Playing) -> None:
    with opened(browser, playing, PHONE, "knobs") as page:
        page.click('[aria-label="expression of camera.zoom"]')
        assert page.locator("#e-text").input_value() == "1 + 0.2*sin(bar)"
        page.fill("#e-text", "1 + 0.2*kik")
        until_js(page, "document.querySelector('#e-mirror mark')?.textContent === 'kik'")
        assert "column 9" in page.inner_text("#e-error") and "kick" in page.inner_text("#e-error")
        assert page.is_disabled("#e-play")
        page.fill("#e-text", "1 + 0.2*kick")
        until_js(page, "!document.getElementById('e-play').disabled && !document.querySelector('#e-mirror mark')")
        drawn = "[...document.getElementById('e-curve').getContext('2d').getImageData(0, 0, 720, 200).data]"
        violet = f"(() => {{ const d = {drawn}; for (let i = 0; i < d.length; i += 4)"
        until_js(
            page, violet + " if (d[i] === 157 && d[i + 1] === 123 && d[i + 2] === 255) return true; return false; })()"
        )
        assert playing.blend.drivers["camera.zoom"] == "1 + 0.2*sin(bar)"
        page.click("#e-play")
        until(lambda: playing.blend.drivers["camera.zoom"] == "1 + 0.2*kick")
        page.click("#blackout")  # within reach all the same
        until(lambda: playing.blend.blackout)
        page.fill("#e-exact", "1,5")
        page.press("#e-exact", "Enter")
        until(lambda: playing.blend.knobs.get("camera.zoom") == 1.5)
        page.click("#e-back")
        until(lambda: playing.blend.drivers["camera.zoom"] == "1 + 0.2*sin(bar)")
        page.keyboard.press("Escape")
        assert page.is_hidden("#editor")


def test_blackout_and_freeze_answer_a_tap_and_panic_wants_to_be_held(browser: Any, playing: Playing) -> None:
    with opened(browser, playing, PHONE, "scenes") as page:
        page.tap("#freeze")
        until(lambda: playing.blend.freeze)
        until_js(page, "document.getElementById('freeze').getAttribute('aria-pressed') === 'true'")
        page.click("#panic")
        page.wait_for_timeout(100)
        assert playing.blend.freeze
        page.click("#panic", delay=900)
        until(lambda: not playing.blend.freeze)


def test_the_master_fader_dims_and_two_taps_are_full_brightness(browser: Any, playing: Playing) -> None:
    with opened(browser, playing, PHONE) as page:
        assert page.is_hidden("#dimmed")
        until(lambda: dragged(page, '#master [data-param="out.level"]', -0.3))
        until(lambda: 0.6 < playing.blend.level < 0.8)
        until_js(page, "/^dimmed to [67][0-9] %$/.test(document.getElementById('dimmed').textContent)")
        assert page.is_visible("#dimmed")
        page.dblclick('#master [data-param="out.level"]')
        until(lambda: playing.blend.level == 1.0)
        until_js(page, "document.getElementById('dimmed').hidden")
        until(lambda: dragged(page, '#master [data-param="out.fade"]', 0.5))
        until(lambda: playing.blend.values["out.fade"] > 5.0)


def test_presets_tempo_and_the_pad_play(browser: Any, playing: Playing) -> None:
    with opened(browser, playing, LAPTOP) as page:
        page.click('#preset-list [data-name="storm"]')
        until(lambda: playing.blend.status.preset == "storm")
        until_js(page, "document.querySelector('#preset-list .current').dataset.name === 'storm'")
        page.fill("#save-name", "mine")
        page.click("#save")
        until_js(page, "document.querySelector('#preset-list > :nth-child(3)')?.dataset.name === 'mine'")
        for _ in range(2):
            page.click(".tap")
        page.press(".tap", "Enter")
        until(lambda: [event.target for event in playing.played].count("do.tap") == 3)
        box = page.locator("#pad").bounding_box()
        way = box["width"] - 34, box["height"] - 34  # the dot stays whole
        page.mouse.click(box["x"] + 17 + way[0] * 0.75, box["y"] + 17 + way[1] * 0.25)
        until(lambda: abs(playing.blend.values["macro.m1"] - 0.75) < 0.02)
        until(lambda: abs(playing.blend.values["macro.m2"] - 0.75) < 0.02)
        page.fill("#search", "exposure")
        assert page.locator("#knobs .knob:visible").count() == 1


def test_what_is_held_is_listed_wherever_it_lives_and_an_empty_list_says_why(browser: Any, playing: Playing) -> None:
    with opened(browser, playing, PHONE, "knobs") as page:
        assert page.locator('#groups [data-param="macro.m1"]').is_hidden()
        page.click("#held")
        assert "Nothing is held" in page.inner_text("#none")
        page.evaluate("import('/pages/link.js').then((link) => link.act('macro.m1', 0.5))")
        until_js(page, "document.querySelector('#held b').textContent === '1'")
        until(lambda: page.locator("#groups .knob:visible").count() == 1)
        assert page.locator('#groups [data-param="macro.m1"]').is_visible() and page.is_hidden("#none")
        page.click("#held")
        page.fill("#search", "no such thing")
        assert "no such thing" in page.inner_text("#none")
        page.fill("#search", "quantise")
        assert page.locator("#groups .knob:visible").count() == 1


def test_a_notice_moves_nothing_and_a_tap_hides_it(browser: Any, playing: Playing) -> None:
    with opened(browser, playing, PHONE, "knobs") as page:
        notice = "document.getElementById('notice')"
        place = "JSON.stringify(document.getElementById('search').getBoundingClientRect())"
        before = page.evaluate(place)
        wrong = "import('/pages/link.js').then((link) => link.act('do.preset', 'no such preset'))"
        page.evaluate(wrong)
        until_js(page, f"!{notice}.hidden && {place} === '{before}'")  # it goes after a while, so all at one moment
        page.evaluate(wrong)
        until_js(page, f"((one) => !one.hidden && (one.click(), one.hidden))({notice})")


def test_words_not_to_paint_and_exact_values_are_sent_without_an_enter_key(browser: Any, playing: Playing) -> None:
    with opened(browser, playing, PHONE, "prompts") as page:
        page.fill("#negative", "text")
        page.click("#negative-go")
        until(lambda: playing.blend.status.negative == "text")
        assert page.is_hidden("#negative-go")
        page.click("#tabs [data-tab=knobs]")
        page.click('[aria-label="expression of stage.hue"]')
        assert page.get_attribute("#e-exact", "inputmode") == "text" and page.is_hidden("#e-forget")
        page.fill("#e-exact", "-0.25")
        page.locator("#e-exact").blur()
        until(lambda: playing.blend.knobs.get("stage.hue") == -0.25)


def test_the_picture_is_shown_and_made_only_while_it_is(browser: Any, playing: Playing) -> None:
    with opened(browser, playing, PHONE) as page:
        until_js(page, "document.getElementById('preview').naturalWidth === 160")
        assert playing.remote.wanted()
        page.click("#tabs [data-tab=knobs]")
        until(lambda: not playing.remote.wanted())
        page.click("#tabs [data-tab=play]")
        until(playing.remote.wanted)


def test_a_page_finds_its_way_back_to_a_show_that_began_again(browser: Any) -> None:
    first = Playing()
    port = first.remote.port
    try:
        with opened(browser, first, PHONE, "knobs") as page:
            first.close()
            until_js(page, "document.body.classList.contains('away')")
            second = Playing(port)
            try:
                until_js(page, "document.getElementById('look').textContent === 'dawn'")  # built again, told the state
                until(lambda: dragged(page, HUE, 0.25) and second.blend.holders.get("stage.hue") == "web")
            finally:
                second.close()
    finally:
        first.close()


def test_what_was_learned_is_listed_changed_and_given_up(browser: Any, playing: Playing) -> None:
    with opened(browser, playing, PHONE, "scenes") as page:
        until_js(page, "!document.getElementById('learned-none').hidden")
        page.select_option("#learn-what", "do.panic")
        page.click("#learn")
        until_js(page, "document.getElementById('learn').textContent === 'cancel'")
        until(lambda: playing.wiggled([0x90, 36, 100]) == ["do.panic"])
        until_js(page, "document.querySelector('.learned b')?.textContent === 'do.panic'")
        page.evaluate("import('/pages/link.js').then((link) => link.act('do.learn', 'stage.hue'))")
        knob = [[0xB0, 21, value] for value in (30, 31, 33, 36, 40, 44)]
        until(lambda: playing.wiggled(*knob) == ["do.panic", "stage.hue"])
        hue = page.locator('.learned[data-target="stage.hue"]')
        hue.get_by_label("to, % of its way").fill("50")
        hue.get_by_label("to, % of its way").press("Enter")

        def control() -> Any:
            return next(c for c in playing.desk.learned["desk"].controls if c.target == "stage.hue")

        until(lambda: (control().low, control().high) == (0.0, 0.5))
        hue.get_by_label("invert").click()
        until(lambda: (control().low, control().high) == (0.5, 0.0))
        hue.get_by_label("curve").select_option("2")
        until(lambda: control().curve == 2.0)
        hue.get_by_label("takeover").select_option("pickup")
        until(lambda: control().takeover == "pickup")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        hue.get_by_label("forget").click()
        until_js(page, "document.querySelectorAll('.learned').length === 1")


def test_a_show_that_broke_off_is_offered_and_taken_up(browser: Any) -> None:
    playing = Playing(broken_off=LOOKS[1])
    try:
        with opened(browser, playing, PHONE, "scenes") as page:
            page.click("#resume")
            until(lambda: playing.blend.status.preset == "storm")
            until_js(page, "document.getElementById('resume').hidden")
    finally:
        playing.close()


def test_the_set_list_is_put_in_order_and_saved(browser: Any, playing: Playing) -> None:
    first, second, *_ = (look.name for look in LOOKS)
    with opened(browser, playing, PHONE, "scenes") as page:
        page.click("#set-edit")
        page.click(f"[aria-label='{second} into the set list']")
        until(lambda: playing.blend.status.presets[:2] == (second, first))
        page.click(f"[aria-label='{first} into the set list']")
        page.click(f"[aria-label='{first} earlier']")
        until(lambda: playing.blend.status.set_list == (first, second))
        page.click(f"[aria-label='{first} out of the set list']")
        page.click("#set-only")
        until(lambda: playing.blend.status.presets == (second,) and first in playing.blend.status.left_out)
        until_js(page, "document.querySelector('#preset-list').children.length === 1")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.click("[data-do='do.save_set']")
        until(lambda: playing.blend.status.notice == "the set list is saved")


def card(level: int) -> bytes:
    return as_webp(np.full((9, 16, 3), level, np.uint8))


def test_presets_are_chosen_by_their_pictures(browser: Any, playing: Playing) -> None:
    first, second, *_ = (look.name for look in LOOKS)
    playing.thumbnails = pictured(**{second: card(90)})
    with opened(browser, playing, NARROW, "scenes") as page:
        seen = f"document.querySelector('#preset-list [data-name={second}] img.seen')"
        until_js(page, f"{seen} !== null")
        without = page.locator(f"#preset-list [data-name={first}]")
        assert without.inner_text().split() == ["1", first] and without.locator("img.seen").count() == 0
        boxes = [page.locator(f"#preset-list [data-name={name}]").bounding_box() for name in (first, second)]
        assert boxes[0]["y"] == boxes[1]["y"] and all(abs(b["width"] / b["height"] - 16 / 9) < 0.02 for b in boxes)
        style = "getComputedStyle(document.querySelector('#preset-list .tile:not(.current){}')).{}"
        assert page.evaluate(style.format("", "backgroundColor")) == "rgb(19, 21, 28)"  # a dark room stays dark
        assert page.evaluate(style.format(" img:not(.seen)", "opacity").replace(":not(.current)", "")) == "0"
        page.locator(f"#preset-list [data-name={second}]").focus()
        page.keyboard.press("Enter")
        until(lambda: playing.blend.status.preset == second)
        until_js(page, "document.querySelector('#preset-list [aria-current]').textContent === '2storm'")
        page.evaluate(f"window.one = {seen}")
        before = page.evaluate("one.src")
        playing.thumbnails = pictured(**{first: card(60), second: card(120)})
        until_js(page, "one.src !== " + repr(before) + " && one.complete && document.contains(one)")
        until_js(page, f"document.querySelector('#preset-list [data-name={first}] img.seen') !== null")
        playing.thumbnails = pictured(**{first: card(60), second: b"no picture"})
        until_js(page, f"{seen} === null")
        page.click("#set-edit")
        page.click(f"[aria-label='{second} into the set list']")
        until(lambda: playing.blend.status.presets[:2] == (second, first))
        until_js(
            page, "[...document.querySelectorAll('#preset-list small')].map((e) => e.textContent).join() === '1,2'"
        )
        until_js(page, f"document.querySelector('#preset-list [data-name={first}] small').textContent === '2'")


def test_of_a_hundred_presets_the_pictures_in_sight_are_loaded(browser: Any) -> None:
    looks = [replace(LOOKS[0], name=f"look {n}") for n in range(100)]
    playing = Playing(looks=looks)
    playing.thumbnails = pictured(**{look.name: card(20 + n) for n, look in enumerate(looks)})
    try:
        with opened(browser, playing, PHONE, "play") as page:
            asked: list[str] = []
            page.on("request", lambda request: asked.append(request.url))
            until_js(page, "document.querySelectorAll('#preset-list .tile').length === 100")
            assert asked == []
            page.click("#tabs [data-tab=scenes]")
            until_js(page, "document.querySelectorAll('#preset-list img.seen').length >= 8")
            assert len(asked) < 80
            page.locator("#preset-list .tile").last.scroll_into_view_if_needed()
            until_js(page, "document.querySelector('#preset-list .tile:last-child img').classList.contains('seen')")
            assert len(set(asked)) == len(asked) and page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    finally:
        playing.close()


def test_another_sound_input_is_named_and_heard(browser: Any, playing: Playing) -> None:
    with opened(browser, playing, PHONE, "scenes") as page:
        until_js(page, "document.getElementById('sound').textContent === 'script'")
        offered = "[...document.querySelectorAll('#inputs option')].map((one) => one.value).join()"
        until_js(page, f"{offered} === 'Microphone,USB Mixer'")
        page.fill("#input-name", " USB Mixer:3-4")
        page.click("#input")
        until(lambda: playing.ears.chosen == ["USB Mixer:3-4"])
        until(lambda: playing.blend.status.notice == "sound input: USB Mixer:3-4")
        page.fill("#input-name", "")
        page.click("#input")
        until(lambda: playing.ears.chosen[1:] == [""])


def test_a_take_is_begun_seen_and_ended(browser: Any, playing: Playing) -> None:
    with opened(browser, playing, PHONE, "scenes") as page:
        page.fill("#take-name", "night")
        page.click("#take")
        until(lambda: playing.blend.status.taking == "night")
        until_js(page, "document.getElementById('take').textContent === 'end take night'")
        until_js(page, "document.querySelector('#takes b')?.textContent === 'night'")
        page.click("#take")
        until(lambda: not playing.blend.status.taking)
        until_js(page, "document.getElementById('take').textContent === 'keep a take'")


def test_a_loop_is_recorded_marked_and_ended(browser: Any, playing: Playing) -> None:
    with opened(browser, playing, PHONE) as page:
        assert page.evaluate("document.getElementById('loop-clear').disabled")
        page.click("#loop")
        until_js(page, "document.getElementById('loop').textContent.startsWith('recording: ')")
        until(lambda: playing.blend.status.loop == "1 s")
        page.click("#tabs [data-tab=knobs]")
        until(lambda: dragged(page, HUE, 0.2) and "stage.hue" in playing.blend.knobs)
        page.click("#tabs [data-tab=play]")
        page.click("#loop")
        until_js(page, "document.getElementById('loop-clear').textContent === 'end 1 loop'")
        until_js(page, "document.getElementById('loop').textContent === 'loop'")
        until_js(page, f"document.querySelector('{HUE}').parentElement.dataset.mark === 'loop'")
        page.click("#loop-clear")
        until(lambda: playing.blend.status.looped == () and "stage.hue" not in playing.blend.knobs)
        until_js(page, f"document.querySelector('{HUE}').parentElement.dataset.mark === ''")


def test_a_film_is_begun_and_ended_and_a_still_is_kept(browser: Any, playing: Playing) -> None:
    with opened(browser, playing, NARROW, "scenes") as page:
        page.fill("#film-name", "night")
        page.click("#film")
        until(lambda: playing.blend.status.filming == "night")
        until_js(page, "document.getElementById('film').textContent === 'end film night'")
        page.click("[data-do='do.still']")
        until(lambda: playing.blend.status.notice == "a still of dawn")
        page.click("#film")
        until(lambda: not playing.blend.status.filming)
        until_js(page, "document.getElementById('film').textContent === 'record a film'")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
