// The base of all pages: elements, messages to and from the kernel, theme and keys. The parts of a
// page are concatenated to one ES module, so they share their top-level names.

const PATIENCE = 2500; // milliseconds until the page reports that the kernel does not answer
const DECIDED = new Set(["confirmed", "corrected", "skipped", "unreadable", "disputed"]);
const ACTS = { "Alt+U": "unreadable", "Alt+S": "skipped", "Alt+D": "disputed" };
const NO_PLACE = "its place on the picture is not known";

/** Creates an element; children that are text are inserted as text, never as markup. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null && child !== ""));
  return element;
}

const stay = (event) => event.preventDefault();

/** Creates a button that does not take the focus, so that pressing it causes no blur. */
function button(attributes, call, ...children) {
  return make("button", { type: "button", ...attributes, onmousedown: stay, onclick: call }, ...children);
}

/** Creates a button of a toolbar, whose title explains its symbol. */
function tool(title, sign, call) {
  return button({ title, "aria-label": title }, call, sign);
}

function cropImage(url, attributes = {}) {
  return make("img", { ...attributes, src: url, alt: "", draggable: "false" });
}

/** Returns an object URL of a received picture, which must be revoked. */
function addressOf(buffer) {
  return URL.createObjectURL(new Blob([buffer], { type: "image/jpeg" }));
}

/** Formats a share in percent, rounded down: only 1 is 100 %. */
function percent(share) {
  return share == null ? "" : `${Math.floor(share * 100 + 1e-7)}%`;
}

/** Returns a unique identifier for a message or a page. */
function unique() {
  return crypto.getRandomValues(new Uint32Array(4)).join("-");
}

/** Scrolls an element into view within its list, without scrolling the notebook. */
function reveal(element, list) {
  const [box, all] = [element.getBoundingClientRect(), list.getBoundingClientRect()];
  if (box.bottom > all.bottom) list.scrollTop += box.bottom - all.bottom + 8;
  else if (box.top < all.top) list.scrollTop -= all.top - box.top + 8;
}

/** Shows the progress as a meter and in words. */
function showProgress(meter, words, { counts, total, left }, more = []) {
  meter.replaceChildren(...[...DECIDED].filter((state) => counts[state]).map((state) =>
    make("span", { class: `state-${state}`, style: `width:${(100 * counts[state]) / total}%`,
      title: `${counts[state]} ${state}` })));
  words.textContent = [`${total - left} of ${total} done`, ...more].join(" · ");
  words.title = [...DECIDED].filter((state) => counts[state]).map((state) => `${counts[state]} ${state}`).join(", ");
  meter.setAttribute("aria-label", words.textContent);
}

/** A page with its model and its root element; subclasses define what it shows. */
class Page {
  constructor(model, root, name, kind = "") {
    this.model = model;
    this.root = root;
    this.id = unique();
    this.opened = false;
    this.seconds = 0;
    this.help = make("div", { class: "help", hidden: true });
    this.status = make("span", { class: "status", role: "status" });
    this.hints = make("div", { class: "hints" });
    this.placeholder = make("div", { class: "placeholder" }, "Opening…");
    this.element = make("div", { class: `cvocr ${kind}`.trim(), tabindex: "0", role: "application",
      "data-lm-suppress-shortcuts": "true", "aria-label": name }, this.placeholder);
  }

  start() {
    this.root.append(this.element);
    this.listen();
    this.ask("open");
  }

  listen() {
    this.heard = (said, buffers) => this.hear(said, buffers);
    this.model.on("msg:custom", this.heard);
    this.element.addEventListener("keydown", (event) => this.key(event));
    // JupyterLab moves the focus to the cell when its output is clicked; this prevents it.
    for (const name of ["keyup", "keypress", "mousedown"]) {
      this.element.addEventListener(name, (event) => event.stopPropagation());
    }
    const alive = () => this.alive();
    for (const name of ["keydown", "pointermove", "wheel", "input"]) {
      this.element.addEventListener(name, alive, { passive: true, capture: true });
    }
    // Ctrl+S still saves the notebook, whose shortcuts ignore elements with this attribute.
    this.saving = (event) => {
      const save = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s";
      if (save) this.element.removeAttribute("data-lm-suppress-shortcuts");
      else this.element.setAttribute("data-lm-suppress-shortcuts", "true");
    };
    window.addEventListener("keydown", this.saving, true);
    this.themes = new MutationObserver(() => this.theme());
    this.themes.observe(document.body, { attributes: true });
    // The root may become part of the document later; only then does the page have a ground.
    this.placed = new ResizeObserver(() => this.theme());
    this.placed.observe(this.element);
    this.tick = setInterval(() => this.watch(), 500);
  }

  /** Counts the seconds of a person's work: at most 15 s per sign of activity. */
  alive() {
    const now = performance.now();
    this.seconds += Math.min(now - (this.lively ?? now), 15000) / 1000;
    this.lively = now;
  }

  theme() {
    let element = this.root;
    let colour = null;
    for (; element && !colour; element = element.parentElement ?? element.getRootNode()?.host) {
      const parts = getComputedStyle(element).backgroundColor.match(/[\d.]+/g)?.map(Number);
      if (parts && (parts[3] ?? 1) > 0.5) colour = parts;
    }
    const [r, g, b] = colour ?? (matchMedia("(prefers-color-scheme: dark)").matches ? [0, 0, 0] : [255, 255, 255]);
    this.element.toggleAttribute("data-dark", 0.3 * r + 0.6 * g + 0.1 * b < 110);
  }

  // --- messages

  ask(what, said = {}) {
    if (what !== "moved") this.waiting ??= performance.now(); // which has no answer
    try {
      this.model.send({ ask: what, view: this.id, ...said });
    } catch {
      this.lost();
    }
  }

  watch() {
    if (this.waiting && performance.now() - this.waiting > PATIENCE) this.lost();
  }

  lost() {
    if (!this.opened) {
      this.placeholder.textContent =
        "The notebook contains neither pictures nor values. Run this cell again to see them.";
      return;
    }
    this.silent = true;
    this.say(`The kernel does not answer: it is busy or has stopped. ${this.safe} `
      + "If it was restarted, run this cell again.", true);
  }

  /** What is safe even if the kernel has stopped. */
  get safe() {
    return "What you typed is kept on this page.";
  }

  hear(said, buffers) {
    if (said.view !== this.id) return;
    this.waiting = null;
    if (this.silent) this.say("");
    this.silent = false;
    if (said.tell !== "open") {
      if (this.opened) this.answered(said, buffers);
    } else if (!this.opened) {
      this.opened = true;
      this.element.style.setProperty("--height", `${said.height}px`);
      this.element.toggleAttribute("data-open", true);
      this.open(said);
    }
  }

  say(text, trouble = false) {
    this.status.textContent = text;
    this.status.classList.toggle("error", trouble);
  }

  /** Arranges the bars, the parts below them, and the status line. */
  lay(bars, ...parts) {
    this.element.replaceChildren(make("div", { class: "bars" }, ...bars), ...parts,
      make("div", { class: "foot" }, this.hints, this.status));
  }

  /** Shows the current mode and its keys at the bottom. */
  hint(mode, keys) {
    this.element.dataset.doing = mode;
    const chip = mode ? [make("b", { class: "mode" }, mode)] : [];
    this.hints.replaceChildren(...chip, ...keys.map(([key, what]) =>
      make("span", {}, make("kbd", {}, key), what)));
  }

  // --- keys

  focus() {
    this.element.focus({ preventScroll: true });
  }

  key(event) {
    event.stopPropagation();
    if (!this.opened) return;
    this.element.scrollIntoView({ block: "nearest", inline: "nearest" }); // including the keys at the bottom
    if (this.pressed(event)) event.preventDefault();
  }

  explain(keys) {
    this.help.replaceChildren(make("dl", {}, ...keys.flatMap(
      ([key, what]) => [make("dt", {}, key), make("dd", {}, what)])));
  }

  toggleHelp() {
    this.help.hidden = !this.help.hidden;
  }

  /** Handles the keys of the list of keys; returns whether it was one of them. */
  helpKey(key) {
    const ours = key === "?" || key === "F1" || (key === "Escape" && !this.help.hidden);
    if (ours) this.toggleHelp();
    return ours;
  }

  close() {
    this.model.off("msg:custom", this.heard);
    window.removeEventListener("keydown", this.saving, true);
    this.themes.disconnect();
    this.placed.disconnect();
    clearInterval(this.tick);
    this.element.remove();
  }
}

/** Returns what a widget's module exports: it shows a page and closes it with its view. */
function shows(Kind) {
  return {
    render({ model, el }) {
      const page = new Kind(model, el);
      page.start();
      return () => page.close();
    },
  };
}
