// The line to the show: one WebSocket that comes back by itself, and the state as last told.

export const state = { values: {}, knobs: {}, holders: {}, hints: {}, modulators: {}, drivers: {}, prompts: {}, signals: {}, status: {}, learned: {}, thumbnails: {} };
export const specs = new Map(); // parameters by name
let abouts = new Map(); // what presets say of themselves
export let actions = {};

const listeners = new Map();
const waiting = new Map(); // target -> value: sent on the next animation frame, the newest only
const asked = new Map(); // questions by number
const unshown = new Map(); // section -> changes that are not on the screen yet
let drawing = false;
let socket = null;
let heard = 0;
let delay = 200;
let number = 0;
let looking = false;

// Calls `call(changes)` whenever `section` changes: one of the state's, or hello, line, picture, refused.
export function on(section, call) {
  listeners.set(section, [...(listeners.get(section) ?? []), call]);
}

function tell(section, what) {
  for (const call of listeners.get(section) ?? []) call(what);
}

function say(message) {
  if (socket?.readyState !== WebSocket.OPEN) return false;
  socket.send(JSON.stringify(message));
  return true;
}

// The presets there are now, in the order of their numbers.
export function presets() {
  return (state.status.presets ?? []).map((name, n) => ({ number: n + 1, name, about: abouts.get(name) ?? '' }));
}

// Does something at once.
export function act(target, value = null) {
  say({ target, value });
}

// Moves something that moves often: only the newest value of a frame is sent.
export function move(target, value) {
  if (waiting.size === 0) requestAnimationFrame(flush);
  waiting.set(target, value);
}

function flush() {
  for (const [target, value] of waiting) say({ target, value });
  waiting.clear();
}

// What an expression would do; resolves to null when the line is down.
export function check(target, text) {
  return new Promise((resolve) => {
    number += 1;
    asked.set(number, resolve);
    if (!say({ id: number, check: { target, text } })) answer(number, null);
  });
}

function answer(id, what) {
  asked.get(id)?.(what);
  asked.delete(id);
}

export function look(wanted) {
  looking = wanted;
  say({ look: wanted });
}

export function seen() {
  say({ seen: true });
}

// Takes changes in at once and shows them with the next frame, so that a slow screen never falls behind.
function merge(message) {
  for (const [section, changes] of Object.entries(message)) {
    const kept = state[section];
    if (!kept) continue;
    for (const [key, value] of Object.entries(changes)) {
      if (value === null && section !== 'signals') delete kept[key];
      else kept[key] = value;
    }
    unshown.set(section, { ...unshown.get(section), ...changes });
  }
  if (unshown.size === 0 || drawing) return;
  drawing = true;
  if (document.hidden) setTimeout(draw, 500);
  else requestAnimationFrame(draw);
}

function draw() {
  drawing = false;
  const sections = [...unshown];
  unshown.clear();
  for (const [section, changes] of sections) tell(section, changes);
  say({ drawn: true });
}

function hello({ parameters, presets: rows, actions: named }) {
  for (const section of Object.keys(state)) state[section] = {};
  unshown.clear();
  specs.clear();
  for (const row of parameters) specs.set(row.name, row);
  abouts = new Map(rows.map(({ name, about }) => [name, about]));
  actions = named;
  tell('hello');
  if (looking) say({ look: true });
}

function receive({ data }) {
  heard = performance.now();
  if (data instanceof Blob) return tell('picture', data);
  const message = JSON.parse(data);
  if (message.hello) hello(message.hello);
  else if (message.checked) answer(message.id, message.checked);
  else if (message.refused) tell('refused', message);
  else merge(message);
}

function open() {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  const token = new URLSearchParams(location.search).get('token');
  const line = new WebSocket(`${scheme}://${location.host}/remote${token ? `?token=${encodeURIComponent(token)}` : ''}`);
  socket = line;
  heard = performance.now();
  line.addEventListener('open', () => {
    delay = 200;
    tell('line', true);
  });
  line.addEventListener('message', receive);
  line.addEventListener('close', () => {
    if (socket !== line) return;
    socket = null;
    tell('line', false);
    for (const id of [...asked.keys()]) answer(id, null);
    setTimeout(open, delay);
    delay = Math.min(2000, delay * 1.6);
  });
}

function drop() {
  const line = socket;
  if (!line) return;
  line.onclose = null;
  line.close();
  line.dispatchEvent(new Event('close')); // do not wait for the other side to agree
}

export function connect() {
  open();
  setInterval(() => socket && performance.now() - heard > 6000 && drop(), 1000);
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden && socket && performance.now() - heard > 3000) drop();
  });
}
