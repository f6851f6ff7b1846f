// A parameter as a bar to drag: sideways turns it from where it stands, two taps give it back to its expression.

import { act, move, on, specs, state } from './link.js';
import { clamp, fromPlace, make, origin, shown, toPlace } from './maths.js';

const all = new Map(); // name -> Set of knobs that show it
const SLOP = 6; // px before a touch is a drag
const EDGE = 17; // px of a pad around the way of its dot
const SETTLE = 400; // ms after a drag in which the show's answer is still on its way

const LABELS = { 'play.x': 'morph x', 'play.y': 'morph y' };
export const MARKS = { web: 'remote', osc: 'OSC', midi: 'MIDI', keyboard: 'key', take: 'take', loop: 'loop' };

// What moves `name` now: [kind, word].
export function mark(name) {
  if (name in state.hints) return ['wait', 'pick up'];
  if ((state.status.looped ?? []).includes(name)) return ['loop', MARKS.loop]; // also while it is let go
  if (name in state.knobs) {
    const who = state.holders[name] ?? '';
    return [who || 'held', MARKS[who] ?? (who || 'held')];
  }
  const driver = state.drivers[name];
  return driver === undefined || Number.isFinite(Number(driver)) ? ['', ''] : ['expr', 'ƒ'];
}

export class Knob {
  constructor(name, { label, edit, upright = false, does = false } = {}) {
    this.name = name;
    this.row = specs.get(name);
    this.upright = upright;
    this.turned = null; // place under the finger
    this.until = 0;
    this.fill = make('i', { className: 'fill' });
    this.ghost = make('i', { className: 'ghost' });
    this.value = make('output');
    this.mark = make('span', { className: 'mark' });
    this.bar = make('div', { className: 'bar', tabIndex: 0, role: this.row.curve === 'toggle' ? 'switch' : 'slider', title: this.row.about, dataset: { param: name } },
      this.fill, this.ghost, make('span', { className: 'name', textContent: label ?? LABELS[name] ?? this.row.name.split('.').slice(1).join('.').replaceAll('_', ' ') }), this.mark, this.value);
    this.bar.setAttribute('aria-label', this.row.about);
    this.element = make('div', { className: `knob ${upright ? 'upright' : ''}`, dataset: { acts: this.row.acts } }, this.bar);
    if (does) this.value.before(make('small', { className: 'does' }));
    if (edit) this.element.append(this.editButton(edit));
    this.listen();
    all.set(name, (all.get(name) ?? new Set()).add(this));
    this.draw();
  }

  editButton(edit) {
    const button = make('button', { className: 'plain edit', textContent: 'ƒ' });
    button.setAttribute('aria-label', `expression of ${this.name}`);
    button.addEventListener('click', () => edit(this.name));
    return button;
  }

  listen() {
    const { bar } = this;
    let start = null;
    let tapped = 0;
    bar.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      start = { x: event.clientX, y: event.clientY, last: this.upright ? -event.clientY : event.clientX, place: this.place(), dragging: false };
      bar.setPointerCapture(event.pointerId);
    });
    bar.addEventListener('pointermove', (event) => {
      if (!start) return;
      const at = this.upright ? -event.clientY : event.clientX;
      const along = Math.abs(this.upright ? event.clientY - start.y : event.clientX - start.x);
      if (!start.dragging && along < SLOP) return;
      start.dragging = true;
      const aside = Math.abs(this.upright ? event.clientX - start.x : event.clientY - start.y);
      const length = this.upright ? bar.clientHeight : bar.clientWidth;
      const fine = 1 / (1 + Math.max(0, aside - 40) / 40); // the further aside the finger, the finer
      start.place = Math.min(1, Math.max(0, start.place + ((at - start.last) / length) * fine));
      start.last = at;
      this.turn(start.place);
    });
    const done = (event) => {
      if (!start) return;
      const { dragging } = start;
      start = null;
      this.turned = null;
      this.until = performance.now() + SETTLE;
      if (dragging || event.type === 'pointercancel') return;
      if (this.row.curve === 'toggle') act(this.name, 'toggle');
      else if (event.timeStamp - tapped < 350) this.release();
      tapped = event.timeStamp;
    };
    bar.addEventListener('pointerup', done);
    bar.addEventListener('pointercancel', done);
    bar.addEventListener('keydown', (event) => this.key(event));
  }

  key(event) {
    const step = (this.row.curve === 'step' ? 1 / (this.row.high - this.row.low) : 0.01) * (event.shiftKey ? 10 : 1);
    const turns = { ArrowRight: step, ArrowUp: step, ArrowLeft: -step, ArrowDown: -step, PageUp: 0.1, PageDown: -0.1, Home: -2, End: 2 };
    if (event.key in turns && this.row.curve !== 'toggle') this.turn(Math.min(1, Math.max(0, this.place() + turns[event.key])));
    else if (event.key === 'Backspace' || event.key === 'Delete') this.release();
    else if ((event.key === ' ' || event.key === 'Enter') && this.row.curve === 'toggle') act(this.name, 'toggle');
    else return;
    if (event.key in turns) {
      this.until = performance.now() + SETTLE;
      setTimeout(() => { this.turned = null; this.draw(); }, SETTLE);
    }
    event.preventDefault();
  }

  // Where a finger takes hold of it.
  place() {
    return this.turned ?? toPlace(this.row, state.knobs[this.name] ?? state.values[this.name] ?? this.row.default);
  }

  turn(place) {
    this.turned = place;
    move(this.name, fromPlace(this.row, place));
    this.draw();
  }

  release() {
    this.turned = null;
    this.until = 0;
    act(this.name, null);
  }

  draw() {
    const { row } = this;
    const value = state.values[this.name] ?? row.default;
    const live = toPlace(row, value);
    const settling = performance.now() < this.until && this.turned === null;
    if (settling) setTimeout(() => this.draw(), SETTLE);
    const knob = this.turned ?? (this.name in state.knobs ? toPlace(row, state.knobs[this.name]) : null);
    const from = origin(row);
    span(this.fill, from, knob ?? live, this.upright);
    this.ghost.style.setProperty('--at', live);
    const [kind, word] = mark(this.name);
    this.element.dataset.mark = this.turned === null ? kind : 'web';
    this.mark.textContent = this.turned === null ? word : 'remote';
    this.value.textContent = this.turned === null ? shown(row, value) : shown(row, clamp(row, fromPlace(row, this.turned)));
    this.bar.setAttribute('aria-valuenow', String(value));
    this.bar.setAttribute('aria-valuemin', String(row.low));
    this.bar.setAttribute('aria-valuemax', String(row.high));
    if (row.curve === 'toggle') this.bar.setAttribute('aria-checked', String(value > 0.5));
    this.element.classList.toggle('on', row.curve === 'toggle' && value > 0.5);
  }
}

function span(fill, from, to, upright) {
  const low = Math.min(from, to);
  const size = Math.max(0.004, Math.abs(to - from));
  fill.style.transform = upright ? `scaleY(${size})` : `translateX(${low * 100}%) scaleX(${size})`;
}

function redraw(changes) {
  for (const name of Object.keys(changes)) for (const knob of all.get(name) ?? []) knob.draw();
}

for (const section of ['values', 'knobs', 'holders', 'hints', 'drivers']) on(section, redraw);
on('status', (changes) => 'looped' in changes && redraw(Object.fromEntries(all)));

// Before the page is built again.
export function forget() {
  all.clear();
}

// A pad that moves two parameters at once.
export class Pad {
  constructor(element) {
    this.element = element;
    this.dot = make('i', { className: 'dot' });
    this.words = make('span', { className: 'words' });
    element.append(this.dot, this.words);
    this.names = [null, null];
    this.held = false;
    const at = (event) => {
      const box = element.getBoundingClientRect();
      const reach = (at, from, length) => Math.min(1, Math.max(0, (at - from - EDGE) / (length - 2 * EDGE)));
      const places = [reach(event.clientX, box.left, box.width), 1 - reach(event.clientY, box.top, box.height)];
      this.names.forEach((name, n) => name && move(name, fromPlace(specs.get(name), places[n])));
      this.put(...places);
    };
    element.addEventListener('pointerdown', (event) => {
      this.held = true;
      element.setPointerCapture(event.pointerId);
      at(event);
    });
    element.addEventListener('pointermove', (event) => this.held && at(event));
    for (const end of ['pointerup', 'pointercancel']) element.addEventListener(end, () => { this.held = false; });
    on('values', () => this.draw());
  }

  play(x, y) {
    this.names = [x, y];
    this.draw();
  }

  draw() {
    if (this.held || this.names.some((name) => !specs.has(name))) return;
    this.put(...this.names.map((name) => toPlace(specs.get(name), state.values[name] ?? specs.get(name).default)));
  }

  put(x, y) {
    this.dot.style.setProperty('--x', x);
    this.dot.style.setProperty('--y', y);
    this.words.textContent = this.names.map((name, n) => shown(specs.get(name), clamp(specs.get(name), fromPlace(specs.get(name), [x, y][n])))).join('  ·  ');
  }
}
