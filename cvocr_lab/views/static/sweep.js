// One field of many papers: a grid of crops with the values that were read.

const SELECTED_KEYS = [
  ["type", "to correct"], ["← → ↑ ↓", "crop"], ["Enter", "right, next"], ["F2", "edit"], ["Del", "nothing there"],
  ["Alt+A", "the others are right"], ["Alt+U", "unreadable"], ["Backspace", "undo"], ["F1", "all keys"],
];
const EDITING_KEYS = [["Enter", "save, next"], ["Esc", "put back"], ["Alt+U", "unreadable"], ["F1", "all keys"]];
const KEYS = [
  ["any letter", "replaces the value; input methods work"], ["F2", "edit the value"],
  ["Delete", "clear the value, if it is not on the paper"], ["Enter", "save and go on"],
  ["Ctrl+Enter", "save a malformed value unchanged, and go on"],
  ["Esc", "restore the value; then leave the box"], ["← → ↑ ↓, Tab", "from crop to crop"],
  ["Alt+A", "all others of this page are right"], ["Alt+U, S, D", "unreadable, skip, disputed"],
  ["Backspace", "undo the last decision (Alt+Backspace while editing)"],
  ["Page Down, Page Up", "next, previous page"], ["F1", "these keys"],
];

/** One crop with its value; the selected one has a box. */
class Cell {
  constructor(grid, told) {
    this.grid = grid;
    this.box = null;
    this.pending = null;
    this.shot = make("div", { class: "shot" }, told.placed ? "…" : NO_PLACE);
    this.read = make("div", { class: "read" });
    this.doubt = make("div", { class: "doubt", role: "status", hidden: true });
    this.name = make("span", { class: "name" });
    this.right = make("span");
    this.element = make("div", { class: "cell", onclick: () => this.grid.pick(this) },
      this.shot, this.read, this.doubt, make("div", { class: "under" }, this.name, this.right));
    this.take(told);
  }

  take(told) {
    this.told = told;
    this.pending = null;
    this.element.className = `cell state-${told.state}${this.grid.at === this ? " at" : ""}`;
    this.element.dataset.state = told.state;
    this.element.dataset.k = told.k;
    this.name.textContent = told.label;
    this.right.replaceChildren(DECIDED.has(told.state)
      ? make("span", { class: `chip state-${told.state}` }, told.state) : percent(told.confidence),
    told.malformed ? make("span", { class: "chip malformed", title: told.malformed }, "malformed") : "");
    this.warn(told.state === "prefilled" ? told.doubt : "");
    this.write();
  }

  /** The current value: as decided, or as read. */
  get stands() {
    const { said, value, state } = this.told;
    return DECIDED.has(state) && state !== "skipped" && state !== "unreadable" ? said ?? "" : value;
  }

  write() {
    const { value, said, state } = this.told;
    if (this.box) {
      this.box.turn(false);
      this.box.value = this.stands;
    } else if (state === "corrected") this.read.replaceChildren(make("s", {}, value), said || "nothing there");
    else this.read.textContent = value;
  }

  picture(url, trouble) {
    this.seen = Boolean(url);
    this.shot.replaceChildren(url ? cropImage(url) : trouble);
  }

  /** Whether "all others are right" applies: crop and value were seen, and the form is right. */
  get open() {
    return this.told.state === "prefilled" && this.seen && !this.told.doubt && !this.dirty && !this.pending;
  }

  /** The typed text on one line. */
  get typed() {
    return this.box.value.trim().replace(/\s+/g, " ");
  }

  get dirty() {
    return this.box != null && this.typed !== this.stands.trim();
  }

  enter() {
    if (this.box) return;
    this.box = new ValueBox({
      typed: () => {
        if (!this.pending) this.warn("");
        this.grid.count();
      },
      left: () => this.left(), turned: () => this.grid.turned(),
    });
    this.read.replaceChildren(this.box.element);
    this.write();
  }

  /** Saves the typed text when another cell is selected, and removes the box. */
  leave() {
    this.left();
    if (!this.pending && !this.dirty) this.close();
  }

  left() {
    if (this.pending) return;
    if (this.dirty) this.commit();
    else this.box?.select();
  }

  close() {
    this.box = null;
    this.write();
  }

  commit({ act = "value", force = false, go = false } = {}) {
    if (this.pending) this.forced ||= force; // in case the pending answer is a refusal
    if (this.pending || this.box?.composing) return;
    this.forced = false;
    this.pending = { value: this.box ? this.typed : this.stands, go };
    this.box?.select();
    this.grid.decide(this, { act, force, value: this.pending.value });
  }

  refused({ doubt, refused }) {
    if (this.box && this.pending) {
      const typed = this.pending.value !== this.stands.trim();
      this.box.turn(typed);
      this.box.value = this.pending.value;
      if (typed && this.box.focused) this.box.edit();
    }
    this.pending = null;
    if (this.forced && doubt) this.commit({ force: true, go: true });
    else this.warn(refused || `Not saved: ${doubt}. Ctrl+Enter saves it as it stands.`);
  }

  warn(text) {
    this.doubt.textContent = text ? text[0].toUpperCase() + text.slice(1) : "";
    this.doubt.hidden = !text;
  }
}

class Grid extends Page {
  constructor(model, root) {
    super(model, root, "sweep of one field", "sweep");
    this.cells = new Map();
    this.urls = [];
    this.tokens = new Map();
  }

  listen() {
    super.listen();
    // Typed text goes to the box of the selected cell, wherever the person has clicked.
    this.element.addEventListener("focus", () => this.focus());
  }

  focus() {
    if (this.at?.box) this.at.box.focus();
    else super.focus();
  }

  answered(said, buffers) {
    if (said.tell === "page") this.page(said);
    else if (said.tell === "crop") this.crop(said, buffers);
    else if (said.tell === "decided") this.decided(said);
    else if (said.tell === "undone") this.undone(said);
    else if (said.tell === "refused") this.tokens.get(said.token)?.refused(said);
    else if (said.tell === "trouble") this.say(said.text, true);
  }

  // --- what is shown

  open(said) {
    this.pages = said.pages;
    this.where = make("span", { class: "soft" });
    this.pace = make("span", { class: "pace" });
    this.meter = make("div", { class: "meter", role: "img" });
    this.rest = button({ class: "rest" }, () => this.confirmRest());
    this.grid = make("div", { class: "grid" });
    this.explain(KEYS);
    this.lay([
      make("div", { class: "bar" }, make("b", {}, said.caption || said.field),
        said.caption === said.field ? null : make("span", { class: "soft" }, said.field)),
      make("div", { class: "bar" }, tool("previous page (Page Up)", "‹", () => this.turn(-1)), this.where,
        tool("next page (Page Down)", "›", () => this.turn(1))),
      make("div", { class: "bar choose" }, this.meter, this.pace),
      make("div", { class: "bar" }, this.rest, tool("undo (Backspace)", "⌫", () => this.ask("undo")),
        tool("keys (F1)", "?", () => this.toggleHelp())),
    ], this.grid, this.help);
    this.turned();
  }

  /** Shows the state of the box, and the current keys. */
  turned() {
    const box = this.at?.box;
    if (!box?.focused) this.hint("", [["click", "or Tab, to go on by keyboard"]]);
    else this.hint(box.editing ? "Editing" : "Selected", box.editing ? EDITING_KEYS : SELECTED_KEYS);
  }

  page(said) {
    for (const url of this.urls) URL.revokeObjectURL(url);
    this.urls = [];
    this.number = said.page;
    const focused = this.element.contains(document.activeElement);
    this.at = null;
    this.cells = new Map(said.cells.map((told) => [told.k, new Cell(this, told)]));
    this.grid.replaceChildren(...[...this.cells.values()].map((cell) => cell.element));
    this.grid.scrollTop = 0;
    this.where.textContent = `page ${said.page + 1} of ${this.pages}`;
    this.move([...this.cells.values()].find((cell) => !DECIDED.has(cell.told.state)) ?? this.cells.values().next().value);
    if (focused) this.focus();
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
      url = addressOf(buffers[0]);
      this.urls.push(url);
    }
    cell.picture(url, said.trouble);
    this.count();
  }

  progress(told) {
    showProgress(this.meter, this.pace, told);
    this.count();
  }

  /** Updates the number of the others that would be confirmed. */
  count() {
    const open = [...this.cells.values()].filter((cell) => cell.open).length;
    const waits = [...this.cells.values()].some((cell) => cell.told.placed && cell.seen === undefined);
    this.rest.disabled = !open || waits;
    this.rest.replaceChildren(waits ? "loading crops"
      : open === 1 ? "the other one is right" : `the other ${open} are right`, make("kbd", {}, "Alt+A"));
  }

  move(cell) {
    if (!cell || cell === this.at) return;
    const before = this.at;
    const focused = before?.box?.focused;
    before?.element.classList.remove("at");
    this.at = cell;
    cell.element.classList.add("at");
    cell.enter();
    if (focused) cell.box.focus();
    before?.leave();
    reveal(cell.element, this.grid);
    this.turned();
  }

  // --- decisions

  spent(among) {
    const seconds = this.seconds / Math.max(among, 1);
    this.seconds = 0;
    return seconds;
  }

  decide(cell, what) {
    const token = unique();
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
      // Text typed before the answer arrived is meant for the next cell.
      const ahead = cell.pending && cell.box?.editing ? cell.box.value : null;
      const go = cell === owner && cell === this.at && cell.pending?.go;
      cell.take(told);
      if (cell !== this.at) cell.close();
      if (!go) continue;
      this.step(1);
      if (ahead != null && this.at !== cell) {
        this.at.box.edit();
        this.at.box.value = ahead;
      }
    }
    this.progress(said.progress);
    const done = [...this.cells.values()].every((cell) => !cell.open);
    const odd = [...this.cells.values()].filter((cell) => cell.told.state === "prefilled" && cell.told.doubt).length;
    if (said.rest && this.turnAfter === this.number && done && !odd && this.number + 1 < this.pages) this.turn(1);
    else if (said.rest && odd) this.say(`${odd} left on this page: their form is wrong, so each must be confirmed individually.`);
    else if (said.rest && done) this.say(said.progress.left ? "This page is done." : "All are done.");
    this.turnAfter = null;
  }

  undone(said) {
    for (const told of said.cells) this.cells.get(told.k)?.take(told);
    this.move(this.cells.get(said.at));
    this.progress(said.progress);
    this.say("Undone.");
  }

  pick(cell) {
    this.move(cell);
    cell.box.focus();
  }

  turn(by) {
    const page = Math.min(Math.max(this.number + by, 0), this.pages - 1);
    if (page !== this.number) this.ask("page", { page });
  }

  // --- keys

  /** The number of cells per row, which depends on the size of the window. */
  get columns() {
    const tops = [...this.cells.values()].map((cell) => cell.element.offsetTop);
    return Math.max(1, tops.filter((top) => top === tops[0]).length);
  }

  step(by) {
    const all = [...this.cells.values()];
    this.move(all[Math.min(Math.max(all.indexOf(this.at) + by, 0), all.length - 1)]);
  }

  pressed(event) {
    const { target } = event;
    const { box } = this.at ?? {};
    const key = chord(event);
    if (composes(event) || box?.composing) return false;
    if (target !== box?.element) return !["Enter", "Tab"].includes(key) && this.command(key);
    return (box.editing ? this.editingKey(key) : this.selectedKey(key)) || this.command(key);
  }

  editingKey(key) {
    if (key === "Enter" || key === "Tab") this.at.commit({ go: true });
    else if (key === "Escape") {
      this.at.write();
      this.at.warn("");
      this.count();
    } else return false;
    return true;
  }

  selectedKey(key) {
    const steps = { ArrowLeft: -1, "Shift+Tab": -1, ArrowRight: 1, Tab: 1, ArrowUp: -this.columns,
      ArrowDown: this.columns };
    if (this.at.pending) return Boolean(steps[key]) || ["Enter", "Backspace", "Delete"].includes(key);
    if (steps[key]) this.step(steps[key]);
    else if (key === "Enter") this.at.commit({ go: true });
    else if (key === "F2") this.at.box.edit();
    else if (key === "Delete") this.at.box.clear();
    else if (key === "Backspace" || key === "Control+z") this.ask("undo");
    else if (key === "Escape" && this.help.hidden) this.at.box.element.blur();
    else return ["Home", "End", "Shift+Home", "Shift+End", "Shift+Enter"].includes(key); // these would move the cursor
    return true;
  }

  /** Handles the keys that do the same wherever the focus is. */
  command(key) {
    if (ACTS[key] && this.at) this.at.commit({ act: ACTS[key], go: true });
    else if (key === "Control+Enter" && this.at) this.at.commit({ force: true, go: true });
    else if (key === "Alt+A") this.confirmRest();
    else if (key === "Alt+Backspace") this.ask("undo");
    else if (key === "PageDown") this.turn(1);
    else if (key === "PageUp") this.turn(-1);
    else return key !== "?" && this.helpKey(key);
    return true;
  }

  close() {
    super.close();
    for (const url of this.urls) URL.revokeObjectURL(url);
  }
}

export default shows(Grid);
