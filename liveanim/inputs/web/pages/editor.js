// The expression of one parameter: what it does now, what it would do, and where it is wrong.

import { act, check, on, specs, state } from './link.js';
import { mark } from './knob.js';
import { clamp, make, shown, toPlace } from './maths.js';

const by = (id) => document.getElementById(id);
const dialog = by('editor');
const text = by('e-text');
const mirror = by('e-mirror');
const error = by('e-error');
const canvas = by('e-curve');
const WORDS = ['kick', 'snare', 'hat', 'onset', 'bass', 'mid', 'high', 'rms', 'beat', 'bar', 'phase', 't', 'knob', 'm1', 'm2', 'sin(t)', 'smooth(bass, 0.3)', 'pulse(beat)', 'noise(t)', 'lerp(0, 1, m1)'];
const KEPT = 8000; // ms of the live trace

let name = null;
let tried = null; // what the show says of the text
let turn = 0;
let trace = []; // [time, place]
let timer = 0;

export function edit(which) {
  name = which;
  trace = [];
  tried = null;
  const row = specs.get(name);
  by('e-name').textContent = name;
  const range = `${row.low} … ${row.high}${row.unit ? ` ${row.unit}` : ''}`;
  const acts = { stage: 'on the next frame', keyframe: 'with the next painted picture', model: 'after a reload' }[row.acts];
  by('e-about').textContent = `${row.about} · ${range} · acts ${acts}`;
  text.value = state.drivers[name] ?? '';
  by('e-exact').value = '';
  by('e-exact').inputMode = row.low < 0 ? 'text' : 'decimal'; // some phones have no minus among the digits
  const names = [...WORDS, ...Object.keys(state.modulators)];
  by('e-words').replaceChildren(...names.map(chip));
  dialog.show();
  text.blur();
  tell();
  attempt();
  requestAnimationFrame(draw);
}

function chip(word) {
  const button = make('button', { type: 'button', className: 'chip', textContent: word });
  button.addEventListener('pointerdown', (event) => event.preventDefault()); // the text keeps the cursor
  button.addEventListener('click', () => {
    text.setRangeText(word, text.selectionStart, text.selectionEnd, 'end');
    changed();
  });
  return button;
}

function changed() {
  clearTimeout(timer);
  timer = setTimeout(attempt, 120);
  marked(0);
}

async function attempt() {
  turn += 1;
  const mine = turn;
  const asked = text.value.trim() === '' ? null : await check(name, text.value);
  if (mine !== turn) return;
  tried = asked;
  const wrong = asked !== null && !asked.ok;
  error.textContent = wrong ? `column ${asked.column}: ${asked.error}` : (asked?.warnings ?? []).join(' ');
  error.classList.toggle('soft', !wrong);
  by('e-play').disabled = wrong;
  marked(wrong ? asked.column : 0);
}

// The same text behind the field, with the column that is wrong made visible.
function marked(column) {
  const at = column - 1;
  const word = column > 0 ? (text.value.slice(at).match(/^\w+|^[^]/)?.[0] ?? ' ') : '';
  mirror.replaceChildren(text.value.slice(0, Math.max(0, at)));
  if (column > 0) mirror.append(make('mark', { textContent: word }), text.value.slice(at + word.length));
  text.classList.toggle('wrong', column > 0);
  text.style.height = 'auto';
  text.style.height = `${text.scrollHeight}px`;
}

function tell() {
  if (!name || !dialog.open) return;
  const row = specs.get(name);
  by('e-value').textContent = `${shown(row, state.values[name])} ${row.unit}`;
  const [kind, word] = mark(name);
  by('e-mark').textContent = kind === 'expr' ? 'expression' : word || 'number';
  by('e-mark').dataset.mark = kind;
  by('e-forget').hidden = !Object.values(state.learned).some((row) => row.target === name);
  by('e-release').disabled = !(name in state.knobs);
  const learning = (state.status.learning ?? '').split(' ')[0] === name;
  by('e-learn').textContent = learning ? 'move a knob…' : 'learn a knob';
  by('e-learn').classList.toggle('lit', learning);
}

function draw(now) {
  if (!dialog.open) return;
  const row = specs.get(name);
  const value = state.values[name];
  if (value !== undefined) trace.push([now, toPlace(row, value)]);
  while (trace.length && now - trace[0][0] > KEPT) trace.shift();
  const { width, height } = canvas;
  const paper = canvas.getContext('2d');
  const up = (place) => height - 8 - place * (height - 16);
  paper.clearRect(0, 0, width, height);
  paper.lineJoin = 'round';
  grid(paper, width, height);
  if (tried?.ok) {
    const places = tried.curve.map((v) => toPlace(row, v));
    stroke(paper, places.map((place, n) => [(n / (places.length - 1)) * width, up(place)]), '#9d7bff', 3);
  }
  stroke(paper, trace.map(([time, place]) => [width - ((now - time) / KEPT) * width, up(place)]), 'rgba(255,255,255,.55)', 2);
  requestAnimationFrame(draw);
}

function grid(paper, width, height) {
  for (let beat = 0; beat < 8; beat += 1) {
    paper.fillStyle = beat % 4 ? 'rgba(255,255,255,.06)' : 'rgba(255,255,255,.16)';
    paper.fillRect((beat / 8) * width, 0, 1.5, height);
  }
}

function stroke(paper, points, colour, wide) {
  paper.beginPath();
  for (const [x, y] of points) paper.lineTo(x, y);
  paper.strokeStyle = colour;
  paper.lineWidth = wide;
  paper.stroke();
}

function play() {
  if (by('e-play').disabled) return;
  act(`expr.${name}`, text.value.trim());
}

text.addEventListener('input', changed);
text.addEventListener('scroll', () => { mirror.scrollTop = text.scrollTop; });
text.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey) return;
  event.preventDefault();
  play();
});
by('e-play').addEventListener('click', play);
by('e-back').addEventListener('click', () => act(`expr.${name}`, null));
by('e-release').addEventListener('click', () => act(name, null));
by('e-learn').addEventListener('click', () => act('do.learn', by('e-learn').classList.contains('lit') ? null : name));
by('e-forget').addEventListener('click', () => act('do.forget', name));
by('e-exact').addEventListener('keydown', (event) => {
  if (event.key !== 'Enter') return;
  event.preventDefault();
  by('e-exact').blur();
});
by('e-exact').addEventListener('change', () => {
  const value = Number(by('e-exact').value.replace(',', '.'));
  if (by('e-exact').value.trim() && Number.isFinite(value)) act(name, clamp(specs.get(name), value));
});
document.addEventListener('keydown', (event) => event.key === 'Escape' && dialog.open && dialog.close());
document.addEventListener('pointerdown', (event) => {
  if (!dialog.open || event.target.closest('#editor, footer, .edit')) return;
  event.stopPropagation(); // a touch beside the panel closes it and plays nothing
  dialog.close();
}, true);

on('values', tell);
on('knobs', tell);
on('status', tell);
on('learned', tell);
on('drivers', (changes) => {
  if (!dialog.open || !(name in changes)) return;
  text.value = changes[name] ?? '';
  attempt();
});
on('refused', ({ target, refused, column }) => {
  if (dialog.open && target === `expr.${name}`) {
    error.textContent = column ? `column ${column}: ${refused}` : refused;
    marked(column);
  }
});
