// Puts the page together and keeps it in step with the show.

import { act, connect, look, on, presets, seen, specs, state } from './link.js';
import { Knob, Pad, forget } from './knob.js';
import { edit } from './editor.js';
import { make } from './maths.js';
import * as hands from './hands.js';
import * as prompts from './prompts.js';
import { fill, mark, renewAll } from './tiles.js';
import './setlist.js';
import './takes.js';

const by = (id) => document.getElementById(id);
const BIG = matchMedia('(min-width: 900px)');
const ELSEWHERE = ['macro', 'prompt', 'play']; // have a place of their own: among the knobs when they are searched for or held
const TITLES = {
  macro: 'Macros', prompt: 'Prompts', play: 'How they change', picture: 'Picture', camera: 'Camera', stage: 'Stage', audio: 'Sound', isf: 'Shaders', space: '3D', video: 'Video', mask: 'Mask',
  hybrid: 'Video in the feedback', lora: 'LoRA', control: 'ControlNet', flow: 'Flow', match: 'Colour match', unsharp: 'Unsharp mask', noise: 'Noise', logo: 'Logo',
  lights: 'Lamps and LEDs',
};
const OPEN = { picture: true, camera: true, stage: true, isf: true };
const kept = (key, value) => { try { localStorage.setItem(key, value); } catch { /* private windows keep nothing */ } };
const keptBefore = (key, other) => { try { return localStorage.getItem(key) ?? other; } catch { return other; } };

// -- tabs ------------------------------------------------------------------------------------------

function open(tab) {
  document.body.dataset.tab = tab;
  for (const button of document.querySelectorAll('#tabs button')) button.toggleAttribute('aria-current', button.dataset.tab === tab);
  scrollTo(0, 0);
  prompts.shown();
  watch();
}
for (const button of document.querySelectorAll('#tabs button')) button.addEventListener('click', () => open(button.dataset.tab));

// -- parameters ------------------------------------------------------------------------------------

function groups() {
  const named = new Map();
  for (const name of specs.keys()) {
    const group = name.split('.')[0];
    if (group !== 'out') named.set(group, [...(named.get(group) ?? []), name]);
  }
  const parts = [...named].map(([group, names]) => {
    const knobs = names.map((name) => new Knob(name, { edit }).element);
    const head = make('summary', {}, TITLES[group] ?? group, make('span', { className: 'count' }));
    return make('details', { open: group in OPEN || ELSEWHERE.includes(group), dataset: { group } }, head, make('div', { className: 'knobs' }, ...knobs));
  });
  by('groups').replaceChildren(...parts);
  filter();
}

function filter() {
  const words = by('search').value.trim().toLowerCase();
  const heldOnly = by('held').getAttribute('aria-pressed') === 'true';
  let found = false;
  for (const group of by('groups').children) {
    let any = false;
    for (const knob of group.lastChild.children) {
      const { param } = knob.firstChild.dataset;
      const fits = `${param} ${specs.get(param).about}`.toLowerCase().includes(words) && (!heldOnly || param in state.knobs);
      knob.hidden = !fits;
      any ||= fits;
    }
    group.hidden = !any || (ELSEWHERE.includes(group.dataset.group) && !words && !heldOnly);
    if (words || heldOnly) group.open = true;
    found ||= !group.hidden;
  }
  by('none').hidden = found;
  by('none').textContent = words ? `Nothing${heldOnly ? ' that is held' : ''} has “${words}” in its name or description.` : 'Nothing is held: a knob that you touch plays until it is released.';
}
by('search').addEventListener('input', filter);
by('held').addEventListener('click', () => {
  by('held').setAttribute('aria-pressed', String(by('held').getAttribute('aria-pressed') !== 'true'));
  filter();
});

on('knobs', () => {
  const names = Object.keys(state.knobs).filter((name) => !name.startsWith('out.'));
  by('held').lastChild.textContent = names.length;
  by('release').disabled = names.length === 0;
  for (const group of by('groups').children) {
    const count = names.filter((name) => name.startsWith(`${group.dataset.group}.`)).length;
    group.querySelector('.count').textContent = count ? `${count} held` : '';
  }
  if (by('held').getAttribute('aria-pressed') === 'true') filter();
});

// -- macros and the pad ----------------------------------------------------------------------------

const pad = new Pad(by('pad'));

function axes() {
  for (const [n, axis] of ['x', 'y'].entries()) {
    const select = by(`pad-${axis}`);
    const names = [...specs.keys()].filter((name) => specs.get(name).curve !== 'toggle' && name !== 'picture.seed');
    select.replaceChildren(...names.map((name) => make('option', { value: name, textContent: name })));
    const first = keptBefore(`pad-${axis}`, `macro.m${n + 1}`);
    select.value = names.includes(first) ? first : `macro.m${n + 1}`;
  }
  pad.play(by('pad-x').value, by('pad-y').value);
}
for (const axis of ['x', 'y']) {
  by(`pad-${axis}`).addEventListener('change', () => {
    kept(`pad-${axis}`, by(`pad-${axis}`).value);
    pad.play(by('pad-x').value, by('pad-y').value);
  });
}

// -- scenes, presets, keeping -------------------------------------------------------------------------

function scenes() {
  const names = state.status.scenes ?? [];
  const rows = names.map((name, n) => ({ number: n + 1, name, of: `${state.status.preset}/${name}` }));
  by('scene-part').hidden = names.length === 0;
  by('scene-list').classList.toggle('pictured', rows.some(({ of }) => of in state.thumbnails));
  fill(by('scene-list'), 'do.scene', rows);
  current();
}

function looks() {
  fill(by('preset-list'), 'do.preset', presets());
  current();
}

on('thumbnails', () => {
  scenes();
  renewAll();
});

// What each macro does in the preset that plays: its own, or what all have.
function macros() {
  const names = state.status.macros ?? [];
  [...by('macros').querySelectorAll('.does')].forEach((word, n) => { word.textContent = names[n] || 'own'; });
}

function current() {
  const { scene, preset, arriving } = state.status;
  mark(by('scene-list'), scene, arriving ?? 1);
  mark(by('preset-list'), preset);
  by('about').textContent = presets().find(({ name }) => name === preset)?.about ?? '';
}

by('input').addEventListener('click', () => act('do.input', by('input-name').value.trim() || null));
by('save').addEventListener('click', () => act('do.save', by('save-name').value.trim() || null));

// -- always there ------------------------------------------------------------------------------------

for (const button of document.querySelectorAll('[data-do]')) {
  const go = () => {
    act(button.dataset.do, 'value' in button.dataset ? Number(button.dataset.value) : null);
    navigator.vibrate?.(8);
  };
  if (['do.tap', 'do.loop'].includes(button.dataset.do)) { // when it is hit, not when it is let go
    button.addEventListener('pointerdown', go);
    button.addEventListener('keydown', (event) => ['Enter', ' '].includes(event.key) && !event.repeat && go());
  } else button.addEventListener('click', go);
}
by('blackout').addEventListener('click', () => act('out.blackout', 'toggle'));
by('freeze').addEventListener('click', () => act('out.freeze', 'toggle'));

let holding = 0;
function panic(event) {
  if (event.type === 'keydown' && event.key !== 'Enter') return;
  clearTimeout(holding);
  by('panic').classList.add('holding');
  holding = setTimeout(() => {
    act('do.panic');
    navigator.vibrate?.([30, 40, 30]);
    by('panic').classList.remove('holding');
  }, 500);
}
function calm() {
  clearTimeout(holding);
  by('panic').classList.remove('holding');
}
for (const kind of ['pointerdown', 'keydown']) by('panic').addEventListener(kind, panic);
for (const kind of ['pointerup', 'pointerleave', 'pointercancel', 'keyup', 'blur']) by('panic').addEventListener(kind, calm);
document.addEventListener('contextmenu', (event) => event.target.closest('footer, .knob, .pad') && event.preventDefault());

on('status', (changes) => {
  const { status } = state;
  for (const name of ['blackout', 'freeze']) by(name).setAttribute('aria-pressed', String(Boolean(status[name])));
  document.body.classList.toggle('black', Boolean(status.blackout));
  by('dimmed').hidden = !(status.level < 1);
  by('dimmed').textContent = `dimmed to ${Math.floor(100 * status.level)} %`;
  by('look').textContent = [status.preset, status.scene].filter(Boolean).join(' / ');
  const [taken, whole] = status.vram ?? [0, 0];
  const card = whole > 0 ? ` · ${(taken / 2 ** 30).toFixed(1)}/${Math.round(whole / 2 ** 30)} GB` : '';
  by('pace').textContent = by('pace-here').textContent = `${Math.round(status.fps ?? 0)} fps · ${(status.keyframe_rate ?? 0).toFixed(1)} pict/s · ${status.model ?? ''}${card}`;
  by('undo').disabled = !status.undo;
  by('redo').disabled = !status.redo;
  by('loop').setAttribute('aria-pressed', String(Boolean(status.loop)));
  by('loop').textContent = status.loop ? `recording: ${status.loop}` : 'loop';
  const looped = (status.looped ?? []).length;
  by('loop-clear').disabled = !looped && !status.loop;
  by('loop-clear').textContent = looped ? `end ${looped} loop${looped > 1 ? 's' : ''}` : 'end loops';
  by('beater').textContent = status.tempo || 'tap';
  by('ear').disabled = !status.tempo;
  by('sound').textContent = status.audio;
  if ('inputs' in changes) by('inputs').replaceChildren(...(status.inputs ?? []).map((value) => make('option', { value })));
  by('resume').hidden = !status.broken_off;
  by('waiting').textContent = (status.waiting ?? []).length ? `waiting for the beat: ${status.waiting.join(', ')}` : '';
  if ('warnings' in changes || 'notice' in changes) notice();
  if ('macros' in changes) macros();
  if ('presets' in changes) looks();
  if ('scenes' in changes || 'preset' in changes) scenes();
  else if ('scene' in changes || 'arriving' in changes) current();
});

let refusedUntil = 0;
let dismissed = '';
const known = (words) => words.replace(/\d+/g, '#'); // seconds that go on are no news
function notice() {
  if (performance.now() < refusedUntil) return;
  const [line] = state.status.warnings ?? [];
  const words = line || state.status.notice || '';
  if (known(words) !== dismissed) dismissed = '';
  by('notice').hidden = !words || Boolean(dismissed);
  by('notice').textContent = words;
  by('notice').classList.toggle('good', !line);
}
by('notice').addEventListener('click', () => {
  dismissed = known(by('notice').textContent);
  by('notice').hidden = true;
});
on('refused', ({ refused }) => {
  by('notice').hidden = false;
  by('notice').classList.remove('good');
  by('notice').textContent = refused;
  refusedUntil = performance.now() + 4000;
  setTimeout(notice, 4050);
});

const signals = [...document.querySelectorAll('[data-signal]')];
const lamps = by('beats').children;
on('signals', () => {
  for (const element of signals) element.style.setProperty('--v', state.signals[element.dataset.signal] ?? 0);
  const { bar = 0, phase = 0, meter = 4, bpm = 0 } = state.signals;
  if (lamps.length !== meter) {
    by('beats').style.setProperty('--columns', meter > 8 ? Math.ceil(meter / 2) : meter);
    by('beats').replaceChildren(...Array.from({ length: meter }, () => make('i')));
  }
  const count = (Math.round((bar % 1) * meter - phase) + meter) % meter;
  [...lamps].forEach((lamp, n) => lamp.style.setProperty('--v', n === count ? 1 - 0.7 * phase : 0));
  by('bpm').textContent = bpm > 0 ? bpm.toFixed(1) : '–';
  by('bpm').classList.toggle('unsure', (state.signals.confidence ?? 0) < 0.3);
});

on('line', (up) => {
  document.body.classList.toggle('away', !up);
  by('line').title = up ? 'connected' : 'looking for the show';
  if (!up) by('look').textContent = 'looking for the show…';
});

// -- the picture -------------------------------------------------------------------------------------

let onScreen = true;
function watch() {
  const shownHere = by('eye').getAttribute('aria-pressed') === 'true';
  look(shownHere && onScreen && !document.hidden && (BIG.matches || document.body.dataset.tab === 'play'));
}
new IntersectionObserver(([entry]) => { onScreen = entry.isIntersecting; watch(); }).observe(by('screen'));
document.addEventListener('visibilitychange', watch);
BIG.addEventListener('change', watch);
by('eye').addEventListener('click', () => {
  const shownHere = by('eye').getAttribute('aria-pressed') !== 'true';
  by('eye').setAttribute('aria-pressed', String(shownHere));
  by('screen').classList.toggle('shut', !shownHere);
  watch();
});
on('picture', (blob) => {
  const address = URL.createObjectURL(blob);
  by('preview').onload = () => {
    URL.revokeObjectURL(address);
    by('veil').hidden = true;
    seen();
  };
  by('preview').src = address;
});

// -- begin -------------------------------------------------------------------------------------------

on('hello', () => {
  forget();
  groups();
  prompts.build(edit);
  by('macros').replaceChildren(...[...specs.keys()].filter((name) => name.startsWith('macro.')).map((name) => new Knob(name, { upright: true, does: true }).element));
  macros();
  by('master').replaceChildren(new Knob('out.level', { label: 'master' }).element, new Knob('out.fade', { label: 'fade s' }).element);
  by('changes').replaceChildren(...[...specs.keys()].filter((name) => name.startsWith('play.')).map((name) => new Knob(name, { edit }).element));
  axes();
  hands.choices();
  hands.list();
  scenes();
  watch();
});

connect();
