// One field of many papers: a grid of crops over what was read. Only the wrong ones are touched.

const DECIDED = new Set(["confirmed", "corrected", "skipped", "unreadable", "disputed"]);
const PATIENCE = 2500; // milliseconds till the page says that the kernel does not answer
const KEYS = [
  ["← → ↑ ↓", "from crop to crop"],
  ["Enter, e, click", "type what stands there; Enter puts it down"],
  ["Esc", "leave it as it was read"],
  ["A", "all others of this page are right"],
  ["u, s, d", "unreadable, skip, disputed"],
  ["Backspace", "undo the last decision"],
  ["n, p", "next page, page before"],
  ["?", "these keys"],
];

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

/** One crop with its value. */
class Cell {
  constructor(grid, told) {
    this.grid = grid;
    this.shot = make("div", { class: "shot" }, told.placed ? "…" : "its place on the picture is not known");
    this.read = make("div", { class: "read" });
    this.doubt = make("div", { class: "doubt", role: "status", hidden: true });
    this.name = make("span", { class: "name" });
    this.right = make("span");
    this.element = make("div", { class: "cell", onclick: () => this.grid.edit(this) },
      this.shot, this.read, this.doubt, make("div", { class: "under" }, this.name, this.right));
    this.take(told);
  }

  take(told) {
    this.told = told;
    this.element.className = `cell state-${told.state}${this.grid.at === this ? " at" : ""}`;
    this.element.dataset.state = told.state;
    this.element.dataset.k = told.k;
    this.name.textContent = told.label;
    const sure = told.confidence == null ? "" : `${Math.round(100 * told.confidence)}%`;
    this.right.replaceChildren(DECIDED.has(told.state)
      ? make("span", { class: `chip state-${told.state}` }, told.state) : sure);
    if (!this.input) this.write();
  }

  write() {
    const { value, said, state } = this.told;
    if (state === "corrected") this.read.replaceChildren(make("s", {}, value), said || "nothing there");
    else this.read.textContent = value;
  }

  picture(url, trouble) {
    this.seen = Boolean(url);
    this.shot.replaceChildren(url ? make("img", { src: url, alt: "", draggable: "false" }) : trouble);
  }

  /** Whether "all others are right" may speak of it: a person saw crop and value. */
  get open() {
    return this.told.state === "prefilled" && this.seen && !this.input;
  }

  edit() {
    if (this.input) return this.input.focus();
    const { said, value, state } = this.told;
    this.start = DECIDED.has(state) && said != null ? said : value;
    this.input = make("textarea", { rows: 1, lang: "vi", spellcheck: "false", autocomplete: "off",
      autocapitalize: "off", "aria-label": "value" });
    this.input.value = this.start;
    this.composing = false;
    this.input.addEventListener("compositionstart", () => (this.composing = true));
    this.input.addEventListener("compositionend", () => {
      this.composing = false;
      if (document.activeElement !== this.input) this.left();
    });
    this.input.addEventListener("input", () => { this.doubted = null; this.warn(""); });
    this.input.addEventListener("blur", () => document.hasFocus() && !this.composing && this.left());
    this.read.replaceChildren(this.input);
    this.input.focus({ preventScroll: true });
    this.input.select();
    this.grid.count();
  }

  /** What was changed is put down when the field is left; what was not stays as it was. */
  left() {
    if (!this.input || this.pending) return;
    if (this.typed === this.start.trim()) this.close();
    else this.commit();
  }

  /** What was typed, on one line. */
  get typed() {
    return this.input.value.trim().replace(/\s+/g, " ");
  }

  commit() {
    const value = this.typed;
    const force = this.doubted === value;
    this.pending = true;
    this.grid.decide(this, { act: "value", value, force });
  }

  refused({ doubt, trouble }) {
    this.pending = false;
    if (doubt) {
      this.doubted = this.input && this.typed;
      this.warn(`${doubt[0].toUpperCase()}${doubt.slice(1)}. Enter again keeps it.`);
      this.input?.focus({ preventScroll: true });
    } else this.warn(trouble);
  }

  warn(text) {
    this.doubt.textContent = text;
    this.doubt.hidden = !text;
  }

  close() {
    this.input = null;
    this.pending = false;
    this.warn("");
    this.write();
    this.grid.count();
  }

  key(event) {
    if (event.isComposing || this.composing) return false;
    if (event.key === "Enter" && !event.shiftKey) {
      if (!this.pending) this.commit();
      return true;
    }
    if (event.key === "Escape") {
      this.close();
      this.grid.focus();
      return true;
    }
    return false;
  }
}

class Grid {
  constructor(model, root) {
    this.model = model;
    this.root = root;
    this.id = crypto.getRandomValues(new Uint32Array(2)).join("-");
    this.cells = new Map();
    this.urls = [];
    this.tokens = new Map();
    this.placeholder = make("div", { class: "placeholder" }, "Opening…");
    this.element = make("div", { class: "cvocr sweep", tabindex: "0", role: "application",
      "data-lm-suppress-shortcuts": "true", "aria-label": "sweep of one field" }, this.placeholder);
    root.append(this.element);
    this.theme();
    this.listen();
    this.ask("open");
  }

  listen() {
    this.heard = (said, buffers) => this.hear(said, buffers);
    this.model.on("msg:custom", this.heard);
    this.element.addEventListener("keydown", (event) => this.key(event));
    for (const name of ["keyup", "keypress", "mousedown"]) {
      this.element.addEventListener(name, (event) => event.stopPropagation());
    }
    const alive = () => {
      const now = performance.now();
      this.seconds = (this.seconds ?? 0) + Math.min(now - (this.lively ?? now), 15000) / 1000;
      this.lively = now;
    };
    for (const name of ["keydown", "pointermove", "wheel"]) {
      this.element.addEventListener(name, alive, { passive: true, capture: true });
    }
    // Ctrl+S stays the notebook's: its shortcuts pass by elements with the attribute.
    this.saving = (event) => {
      const save = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s";
      if (save) this.element.removeAttribute("data-lm-suppress-shortcuts");
      else this.element.setAttribute("data-lm-suppress-shortcuts", "true");
    };
    window.addEventListener("keydown", this.saving, true);
    this.themes = new MutationObserver(() => this.theme());
    this.themes.observe(document.body, { attributes: true });
    this.tick = setInterval(() => {
      if (this.waiting && performance.now() - this.waiting > PATIENCE) this.lost();
    }, 500);
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

  // --- talk

  ask(what, said = {}) {
    this.waiting ??= performance.now();
    try {
      this.model.send({ ask: what, view: this.id, ...said });
    } catch {
      this.lost();
    }
  }

  lost() {
    if (!this.grid) {
      this.placeholder.textContent =
        "Neither pictures nor values are kept in the notebook. Run this cell again to see them.";
      return;
    }
    this.silent = true;
    this.say("The kernel does not answer: it is busy, or gone. What you typed is kept on this page. "
      + "If it was restarted, run this cell again.", true);
  }

  hear(said, buffers) {
    if (said.view !== this.id) return;
    this.waiting = null;
    if (this.silent) this.say("");
    this.silent = false;
    if (said.tell === "open") this.open(said);
    else if (!this.grid) return;
    else if (said.tell === "page") this.page(said);
    else if (said.tell === "crop") this.crop(said, buffers);
    else if (said.tell === "decided") this.decided(said);
    else if (said.tell === "undone") this.undone(said);
    else if (said.tell === "refused") this.tokens.get(said.token)?.refused(said);
    else if (said.tell === "trouble") this.say(said.text, true);
  }

  say(text, trouble = false) {
    this.status.textContent = text;
    this.status.classList.toggle("error", trouble);
  }

  // --- what is shown

  open(said) {
    if (this.grid) return;
    this.pages = said.pages;
    this.element.style.setProperty("--height", `${said.height}px`);
    const button = (title, text, call) => make("button", { type: "button", title, "aria-label": title,
      onmousedown: (event) => event.preventDefault(), onclick: call }, text);
    this.where = make("span", { class: "soft" });
    this.pace = make("span", { class: "pace" });
    this.meter = make("div", { class: "meter", role: "img" });
    this.rest = make("button", { type: "button", class: "rest", onclick: () => this.confirmRest(),
      onmousedown: (event) => event.preventDefault() }, "");
    this.grid = make("div", { class: "grid" });
    this.help = make("div", { class: "help", hidden: true }, make("dl", {}, ...KEYS.flatMap(
      ([keys, what]) => [make("dt", {}, keys), make("dd", {}, what)])));
    this.status = make("span", { class: "status", role: "status" });
    this.element.replaceChildren(
      make("div", { class: "bars" },
        make("div", { class: "bar" }, make("b", {}, said.caption || said.field),
          said.caption ? make("span", { class: "soft" }, said.field) : null),
        make("div", { class: "bar" }, button("page before (p)", "‹", () => this.turn(-1)), this.where,
          button("next page (n)", "›", () => this.turn(1))),
        make("div", { class: "bar choose" }, this.meter, this.pace),
        make("div", { class: "bar" }, this.rest, button("undo (Backspace)", "⌫", () => this.ask("undo")),
          button("keys (?)", "?", () => (this.help.hidden = !this.help.hidden)))),
      this.grid, this.help, make("div", { class: "foot" }, this.status));
  }

  page(said) {
    for (const url of this.urls) URL.revokeObjectURL(url);
    this.urls = [];
    this.number = said.page;
    this.cells = new Map(said.cells.map((told) => [told.k, new Cell(this, told)]));
    this.grid.replaceChildren(...[...this.cells.values()].map((cell) => cell.element));
    this.grid.scrollTop = 0;
    this.where.textContent = `page ${said.page + 1} of ${this.pages}`;
    this.move([...this.cells.values()].find((cell) => !DECIDED.has(cell.told.state)) ?? this.cells.values().next().value);
    this.progress(said.progress);
    this.say(this.cells.size ? "" : "No paper has a value in this field.");
    this.element.dataset.page = said.page;
    this.seconds = 0;
  }

  crop(said, buffers) {
    const cell = this.cells.get(said.k);
    if (!cell) return;
    let url = "";
    if (buffers.length) {
      url = URL.createObjectURL(new Blob([buffers[0]], { type: "image/jpeg" }));
      this.urls.push(url);
    }
    cell.picture(url, said.trouble);
    this.count();
  }

  progress({ counts, total, left }) {
    this.meter.replaceChildren(...[...DECIDED].filter((state) => counts[state]).map((state) =>
      make("span", { class: `state-${state}`, style: `width:${(100 * counts[state]) / total}%`,
        title: `${counts[state]} ${state}` })));
    const parts = [`${total - left} of ${total} done`];
    if (counts.corrected) parts.push(`${counts.corrected} corrected`);
    this.pace.textContent = parts.join(" · ");
    this.count();
  }

  /** Says how many "all others" are. */
  count() {
    const open = [...this.cells.values()].filter((cell) => cell.open).length;
    const waits = [...this.cells.values()].some((cell) => cell.told.placed && cell.seen === undefined);
    this.rest.disabled = !open || waits;
    this.rest.replaceChildren(waits ? "crops are coming" : `the other ${open} are right`, make("kbd", {}, "A"));
  }

  move(cell) {
    if (!cell) return;
    this.at?.element.classList.remove("at");
    this.at = cell;
    cell.element.classList.add("at");
    cell.element.scrollIntoView({ block: "nearest" });
  }

  // --- decisions

  spent(among) {
    const seconds = (this.seconds ?? 0) / Math.max(among, 1);
    this.seconds = 0;
    return seconds;
  }

  decide(cell, what) {
    const token = crypto.getRandomValues(new Uint32Array(3)).join("-");
    this.tokens.set(token, cell);
    this.ask("decide", { at: cell.told.k, token, seconds: this.spent(1), ...what });
  }

  confirmRest() {
    const open = [...this.cells.values()].filter((cell) => cell.open).map((cell) => cell.told.k);
    if (this.rest.disabled || !open.length) return;
    this.turnAfter = this.number;
    this.ask("rest", { at: open, seconds: this.spent(open.length) });
  }

  decided(said) {
    const owner = this.tokens.get(said.token);
    this.tokens.delete(said.token);
    for (const told of said.cells) {
      const cell = this.cells.get(told.k);
      if (!cell) continue;
      const typing = cell === owner && document.activeElement === cell.input;
      cell.input = null;
      cell.pending = false;
      cell.warn("");
      cell.take(told);
      if (typing) {
        this.focus();
        this.step(1);
      }
    }
    this.progress(said.progress);
    const done = [...this.cells.values()].every((cell) => !cell.open);
    if (said.rest && this.turnAfter === this.number && done && this.number + 1 < this.pages) this.turn(1);
    else if (said.rest && done) this.say(said.progress.left ? "This page is done." : "All are done.");
    this.turnAfter = null;
  }

  undone(said) {
    for (const told of said.cells) this.cells.get(told.k)?.take(told);
    this.move(this.cells.get(said.at));
    this.progress(said.progress);
    this.say("Undone.");
  }

  edit(cell) {
    this.move(cell);
    cell.edit();
  }

  turn(by) {
    const page = Math.min(Math.max(this.number + by, 0), this.pages - 1);
    if (page !== this.number) this.ask("page", { page });
  }

  // --- keys

  focus() {
    this.element.focus({ preventScroll: true });
  }

  /** How many cells stand in a row, as the window happens to be. */
  get columns() {
    const tops = [...this.cells.values()].map((cell) => cell.element.offsetTop);
    return Math.max(1, tops.filter((top) => top === tops[0]).length);
  }

  step(by) {
    const all = [...this.cells.values()];
    this.move(all[Math.min(Math.max(all.indexOf(this.at) + by, 0), all.length - 1)]);
  }

  key(event) {
    event.stopPropagation();
    if (!this.grid) return;
    const cell = [...this.cells.values()].find((one) => one.input && one.input === event.target);
    const command = !event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing;
    const done = cell ? cell.key(event) : command && this.commandKey(event);
    if (done) event.preventDefault();
  }

  commandKey(event) {
    const { key, target } = event;
    if (key === "Enter" && target.matches("button")) return false;
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.columns, ArrowDown: this.columns };
    const acts = { u: "unreadable", s: "skipped", d: "disputed" };
    if (steps[key]) this.step(steps[key]);
    else if (acts[key] && this.at) {
      this.decide(this.at, { act: acts[key] });
      this.step(1);
    } else if ((key === "Enter" || key === "e" || key === "F2") && this.at) this.at.edit();
    else if (key === "A") this.confirmRest();
    else if (key === "Backspace") this.ask("undo");
    else if (key === "n" || key === "PageDown") this.turn(1);
    else if (key === "p" || key === "PageUp") this.turn(-1);
    else if (key === "?") this.help.hidden = !this.help.hidden;
    else if (key === "Escape" && !this.help.hidden) this.help.hidden = true;
    else return false;
    return true;
  }

  close() {
    this.model.off("msg:custom", this.heard);
    window.removeEventListener("keydown", this.saving, true);
    this.themes.disconnect();
    clearInterval(this.tick);
    for (const url of this.urls) URL.revokeObjectURL(url);
    this.element.remove();
  }
}

function render({ model, el }) {
  const grid = new Grid(model, el);
  return () => grid.close();
}

export default { render };
