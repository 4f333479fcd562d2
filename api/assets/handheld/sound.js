// Four outcomes, four sounds and four vibrations, told apart without looking. The sound is the primary signal: vibration is
// missing on many devices. Browsers allow sound only after the first touch or key.

/** Each tone as [hertz, milliseconds] in turn; 0 Hz is a pause. */
const TONES = {
  done: [[1760, 90]],
  look: [[988, 110], [0, 40], [988, 110]],
  not: [[220, 420]],
  already: [[1319, 60], [0, 30], [988, 60]],
  slot: [[1319, 80], [1760, 80]],
};
const VIBRATIONS = { done: [60], look: [60, 60, 60], not: [400], already: [30, 40, 30], slot: [60] };

let context;
let wanted = true;

/** Sound on or off; vibration stays. */
export function setSound(on) {
  wanted = on;
}

/** To be called from a touch or a key: from then on sound is allowed. */
export function unlock() {
  const Audio = globalThis.AudioContext ?? globalThis.webkitAudioContext;
  if (!Audio) return;
  context ??= new Audio();
  if (context.state === "suspended") context.resume().catch(() => {});
}

/** Plays an outcome. Marks when, so that tests can measure it. */
export function play(tone) {
  globalThis.performance?.mark?.(`tone:${tone}`);
  navigator.vibrate?.(VIBRATIONS[tone] ?? []);
  if (!wanted || context?.state !== "running") return;
  let at = context.currentTime;
  for (const [hertz, ms] of TONES[tone] ?? []) {
    if (hertz > 0) beep(hertz, at, ms / 1000);
    at += ms / 1000;
  }
}

function beep(hertz, at, seconds) {
  const oscillator = context.createOscillator();
  const gain = context.createGain();
  oscillator.type = hertz < 400 ? "sawtooth" : "square";
  oscillator.frequency.value = hertz;
  gain.gain.setValueAtTime(0.25, at);
  gain.gain.setValueAtTime(0, at + seconds);
  oscillator.connect(gain).connect(context.destination);
  oscillator.start(at);
  oscillator.stop(at + seconds + 0.01);
}
