// The prompt slots: a text each, a weight each, and what was played before.

import { act, on, specs, state } from './link.js';
import { Knob } from './knob.js';
import { make } from './maths.js';

let slots = [];
let chosen = 0;

class Slot {
  constructor(number, edit) {
    this.number = number;
    this.text = make('textarea', { rows: 1, maxLength: 2000, placeholder: `prompt ${number}`, enterKeyHint: 'send', spellcheck: false });
    this.text.setAttribute('aria-label', `text of prompt ${number}`);
    this.go = make('button', { className: 'go', textContent: 'play', hidden: true });
    this.undo = make('button', { className: 'plain', textContent: '↺', hidden: true });
    this.undo.setAttribute('aria-label', 'as it plays');
    this.knob = new Knob(`prompt.weight${number}`, { label: `weight ${number}`, edit });
    const line = make('div', { className: 'text' }, this.text, this.undo, this.go);
    this.element = make('div', { className: 'slot', dataset: { slot: number } }, line, this.knob.element);
    this.text.addEventListener('input', () => this.changed());
    this.text.addEventListener('focus', () => { chosen = number - 1; });
    this.text.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.reset();
      if (event.key !== 'Enter' || event.shiftKey) return;
      event.preventDefault();
      this.play();
    });
    this.go.addEventListener('click', () => this.play());
    this.undo.addEventListener('click', () => this.reset());
    this.draw();
  }

  playing() {
    return state.prompts[this.number] ?? '';
  }

  play() {
    act(`prompt.${this.number}`, this.text.value.trim());
    this.sent = this.text.value.trim();
    this.text.value = this.sent;
    this.offer(false);
    this.fit();
    this.text.blur();
  }

  reset() {
    this.text.value = this.playing();
    this.changed();
  }

  changed() {
    this.offer(this.text.value.trim() !== this.playing());
    this.fit();
  }

  offer(differs) {
    this.differs = differs;
    this.go.hidden = this.undo.hidden = !differs;
  }

  fit() {
    this.text.style.height = 'auto';
    this.text.style.height = `${this.text.scrollHeight}px`;
  }

  // What the show plays now, unless somebody is writing here.
  draw() {
    if (this.differs) return this.changed();
    this.text.value = this.playing();
    this.fit();
  }
}

export function build(edit) {
  const place = document.getElementById('slots');
  const count = [...specs.keys()].filter((name) => name.startsWith('prompt.weight')).length;
  slots = Array.from({ length: count }, (_, n) => new Slot(n + 1, edit));
  place.replaceChildren(...slots.map((slot) => slot.element));
}

// The slots that are in use, and one more.
function roomFor() {
  const used = slots.filter((slot) => slot.playing() || slot.differs).map((slot) => slot.number);
  for (const slot of slots) slot.element.hidden = slot.number > Math.max(2, 1 + Math.max(0, ...used));
}

function history(texts) {
  const rows = texts.map((text) => {
    const row = make('button', { className: 'plain', textContent: text, title: 'put it into the slot that was used last' });
    row.addEventListener('click', () => {
      slots[chosen].text.value = text;
      slots[chosen].changed();
      slots[chosen].element.scrollIntoView({ block: 'nearest', behavior: 'smooth' });
    });
    return row;
  });
  document.getElementById('history').replaceChildren(...rows);
}

const negative = document.getElementById('negative');
const go = document.getElementById('negative-go');
function refuse() {
  act('prompt.negative', negative.value.trim());
  go.hidden = true;
  negative.blur();
}
negative.addEventListener('keydown', (event) => event.key === 'Enter' && refuse());
negative.addEventListener('input', () => { go.hidden = negative.value.trim() === (state.prompts.negative ?? ''); });
go.addEventListener('click', refuse);

on('prompts', (changes) => {
  for (const slot of slots) if (slot.number in changes) slot.draw();
  roomFor();
  if ('negative' in changes && go.hidden && document.activeElement !== negative) negative.value = changes.negative ?? '';
  if ('history' in changes) history(changes.history ?? []);
});

export function shown() {
  for (const slot of slots) slot.fit();
}
