// The side panel of the reviewer: the current field, and the other fields of the paper.

// Text that was typed but is not yet on disk, by journal and field. It survives the widget of a
// kernel that dies, and the next widget restores it. It is never stored in the browser.
const kept = (window[Symbol.for("cvocr_lab.kept")] ??= new Map());

const STATES = {
  untouched: "nothing read", prefilled: "to do", confirmed: "confirmed", corrected: "corrected",
  skipped: "skipped", unreadable: "unreadable", disputed: "disputed",
};

function duration(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

class ReviewSide {
  constructor(board) {
    this.board = board;
    this.bar = make("div", { class: "bar choose" });
    this.head = make("div");
    this.asked = make("div", { class: "asked" });
    this.crop = make("div", { class: "close-up" });
    this.box = new ValueBox({ typed: () => this.typed(), left: () => this.left(), turned: () => this.turned() },
      { class: "answer" });
    this.verdict = make("div", { class: "verdict", role: "status" });
    this.choices = make("div", { class: "choices" });
    this.note = make("input", { class: "note", placeholder: "note", "aria-label": "note",
      onchange: () => this.noted() });
    this.confirm = this.act("Confirm", "Enter", () => this.commit({ go: true }));
    this.acts = make("div", { class: "acts" }, this.confirm,
      this.act("Unreadable", "Alt+U", () => this.commit({ act: "unreadable", go: true })),
      this.act("Skip", "Alt+S", () => this.commit({ act: "skipped", go: true })),
      this.act("Disputed", "Alt+D", () => this.commit({ act: "disputed", go: true })),
      this.act("Undo", "Backspace", () => this.undo()));
    this.tagLine = new TagLine(board);
    this.place = new PlaceLine(this);
    this.item = make("div", { class: "item" }, this.asked, this.crop, this.box.element, this.verdict,
      this.choices, this.acts, this.place.element, this.note, this.tagLine.element);
    this.list = make("ol", { class: "fields" });
    this.element = make("section", { class: "side review" }, this.item, this.head, this.list);
  }

  act(title, key, call) {
    return button({ onpointerdown: stay, title: key }, call, title);
  }

  open(said) {
    this.journal = said.journal;
    const choose = () => this.board.ask("choose", { shown: this.shown.value, field: this.only.value });
    this.shown = make("select", { title: "which fields", "aria-label": "which fields", onchange: choose },
      ...said.shown.map((s) => make("option", { value: s }, s)));
    this.only = make("select", { title: "field", "aria-label": "field", onchange: choose },
      make("option", { value: "" }, "every field"),
      ...said.fields.map(([name, text]) => make("option", { value: name }, text)));
    this.meter = make("div", { class: "meter", role: "img" });
    this.pace = make("span", { class: "pace" });
    this.bar.replaceChildren(this.meter, this.pace, this.shown, this.only);
    this.count(said.progress);
  }

  count(progress) {
    const { left, pace, seconds_left: rest } = progress;
    showProgress(this.meter, this.pace, progress, left && pace ? [`${duration(rest)} left`] : []);
    if (pace) this.pace.title += `; ${pace.toFixed(1)} s each`;
    this.left_over = left;
  }

  tagged({ at, tags, known }) {
    if (at === this.told?.at) this.tagLine.show(tags, known);
  }

  /** Sends a box that was drawn, corrected, removed, or assigned to another field. */
  boxed(name, quad, to = "") {
    if (name !== this.field?.name || this.moving) return;
    this.shownFor = this.told;
    this.board.ask("box", { at: this.told.at, quad, to, ...this.board.screen(), have: [] });
  }

  /** Empties the panel. */
  clear() {
    this.told = this.field = null;
    this.element.toggleAttribute("data-none", true);
    for (const part of [this.asked, this.crop, this.choices, this.head, this.list]) part.replaceChildren();
    this.box.turn(false);
    this.box.value = this.note.value = "";
    this.warn("");
  }

  /** Shows all fields that are still to do. */
  all() {
    this.shown.value = "to do";
    this.only.value = "";
    this.board.ask("choose", { shown: "to do", field: "" });
  }

  get keptKey() {
    return `${this.journal}/${this.told?.row}/${this.told?.field}`;
  }

  show(told, sheet, urls) {
    const arrived = this.told?.at !== told.at || this.shownFor !== told;
    const same = this.told?.at === told.at && this.box.editing && !this.ahead;
    this.told = told;
    this.element.toggleAttribute("data-none", false);
    this.head.replaceChildren(heading(told));
    const field = told.fields.find((one) => one.name === told.field);
    this.field = field;
    this.asked.replaceChildren(
      make("b", {}, field.caption || field.name),
      make("span", { class: "soft" }, field.english || ""),
      field.caption ? make("code", {}, field.name) : "",
      make("span", { class: `chip state-${field.state}` }, STATES[field.state]),
      field.doubt ? make("span", { class: "chip malformed", title: field.doubt }, "malformed") : "",
      make("span", { class: "why soft" }, field.reason || ""));
    const crop = urls[sheet.crops[told.field]];
    this.crop.replaceChildren(crop
      ? cropImage(crop) : make("span", { class: "soft" }, NO_PLACE));
    this.choices.replaceChildren(...this.offered(field));
    this.list.replaceChildren(...told.fields.filter((one) => one.k != null && one !== field)
      .map((one) => this.line(one, urls[sheet.crops[one.name]])));
    if (arrived && !same) this.fill(field);
    this.tagLine.show(told.tags);
    this.place.show(told, field);
    this.shownFor = told;
  }

  /** Puts the field's value in the box when the field is entered, never while a person types. */
  fill(field) {
    const decided = field.state === "confirmed" || field.state === "corrected";
    this.initial = (decided ? field.said : field.value) ?? "";
    this.note.value = field.note ?? "";
    this.board.seconds = 0;
    this.warn(field.state === "disputed" && field.versions.length
      ? `said: ${field.versions.map((v) => `${v.who}: ${v.value ?? v.state}`).join(" · ")}` : "");
    if (this.ahead || this.box.composing) {
      this.ahead = false;
      this.typed();
      return;
    }
    const back = kept.get(this.keptKey);
    this.box.turn(back != null);
    this.box.value = back ?? this.initial;
    if (back != null) this.warn("The text that you typed before is restored; Enter saves it.");
    else this.check();
    this.grow();
  }

  /** Returns buttons with the values of the engines and the label, which have numbers. */
  offered(field) {
    const own = field.value ?? "";
    const offers = [[this.told.engine || "engine", own, null]];
    if (field.other != null) offers.push([this.told.other_engine, field.other, field.other_edits]);
    if (field.truth != null) offers.push(["label", field.truth, field.edits]);
    this.offers = offers.map(([, text]) => text);
    if (offers.length === 1 && own === (field.said ?? own)) return [];
    return offers.map(([who, text, edits], at) => {
      const shown = letters(edits ?? [], 1);
      if (!edits?.length) shown.append(text || "(nothing)");
      const button = this.act("", `Alt+${at + 1}`, () => this.take(at));
      button.append(make("i", {}, who), shown, make("kbd", {}, `Alt ${at + 1}`));
      return button;
    });
  }

  take(at) {
    if (this.offers?.[at] == null || this.moving) return;
    this.box.turn(true);
    this.box.value = this.offers[at];
    this.typed();
  }

  line(field, crop) {
    const value = DECIDED.has(field.state) && field.state !== "skipped" ? field.said : field.value;
    return make(
      "li",
      { class: "field", "data-field": field.name, onclick: () => this.leave(field.k),
        onpointerenter: () => this.board.hover(field.name), onpointerleave: () => this.board.hover(null) },
      make("div", { class: "about" },
        make("span", { class: "caption" }, field.caption || field.name),
        field.caption ? make("code", {}, field.name) : null,
        field.note ? make("span", { title: field.note }, "✎") : null,
        field.doubt ? make("span", { class: "chip malformed", title: field.doubt }, "malformed") : null,
        make("span", { class: `chip state-${field.state}` }, STATES[field.state])),
      make("div", { class: "value" }, value ?? "—"),
      crop ? cropImage(crop, { class: "crop" }) : null);
  }

  /** Whether another field was requested, which the text typed now is meant for. */
  get moving() {
    return Boolean(this.pending?.go) || this.board.at !== this.told?.at;
  }

  get dirty() {
    return this.field != null && !this.ahead && this.box.value !== this.initial;
  }

  typed() {
    this.grow();
    if (this.moving) {
      this.ahead = true;
      return;
    }
    if (this.dirty) kept.set(this.keptKey, this.box.value);
    else kept.delete(this.keptKey);
    clearTimeout(this.later);
    if (!this.box.composing) this.later = setTimeout(() => this.check(), 120);
  }

  /** Shows the state of the box, and the current keys. */
  turned() {
    const { editing, focused } = this.box;
    this.confirm.textContent = editing ? "Save" : "Confirm";
    if (!focused) this.board.hint("", [["click", "or Tab, to go on by keyboard"]]);
    else this.board.hint(editing ? "Editing" : "Selected", editing ? EDITING_KEYS : SELECTED_KEYS);
  }

  check() {
    if (this.told) this.board.ask("check", { at: this.told.at, text: this.box.value });
  }

  checked(said) {
    if (said.at !== this.told?.at || said.text !== this.box.value) return;
    const saved = this.field.doubt && !this.dirty;
    this.warn(said.wrong && `${said.wrong}. ${saved ? "It was saved" : "Ctrl+Enter saves it"} as it stands.`, "doubt");
  }

  warn(text, kind = "") {
    this.verdict.textContent = text ? text[0].toUpperCase() + text.slice(1) : "";
    this.verdict.className = `verdict ${kind}`;
  }

  grow() {
    this.box.element.style.height = "auto";
    this.box.element.style.height = `${this.box.element.scrollHeight + 2}px`;
  }

  /** Saves the typed text when the box is left, unless it is malformed. */
  left() {
    if (this.dirty && !this.pending) this.commit();
    else if (!this.pending) this.box.select();
  }

  noted() {
    if (this.field && this.note.value !== (this.field.note ?? "")) this.commit({ act: "note" });
  }

  /** Sends a decision; the next field is shown when the kernel confirms that it is on disk. */
  commit({ act = "value", go = false, force = false } = {}) {
    if (!this.field || this.box.composing) return;
    // While another field is requested, a key would decide a field that nobody has seen yet. Only
    // Ctrl+Enter is remembered, in case this field is refused.
    if (this.moving && !(force && this.pending)) return;
    if (this.pending) {
      this.waiting = { act, go, force };
      return;
    }
    const { value } = this.box;
    this.pending = { token: unique(), key: this.keptKey, go, value, act };
    if (act !== "note") this.box.select();
    this.element.dataset.pending = act;
    this.board.ask("decide", { at: this.told.at, token: this.pending.token, act, value, note: this.note.value,
      go, force, seconds: this.board.seconds, ...this.board.screen() });
  }

  decided(said) {
    this.count(said.progress);
    if (said.token !== this.pending?.token) return;
    const { go, key, value, act } = this.pending;
    this.settle();
    if (act !== "note") kept.delete(key);
    if (act === "value") this.initial = value;
    const { then, waiting } = this;
    this.then = this.waiting = null;
    if (waiting && !go) this.commit(waiting);
    else if (then != null) this.board.go(then);
    else if (go && said.next != null) this.board.expect(said.next);
    else this.ahead = false;
    if (!this.left_over) this.board.say("All fields are decided. Close the notebook whenever you like.");
    else this.board.say("");
  }

  /** Restores the text that was not saved, whatever was typed meanwhile. */
  refused(said) {
    if (said.token !== this.pending?.token) return;
    const { value, act } = this.pending;
    const forced = this.waiting?.force ? this.waiting : null; // pressed before this answer arrived
    this.settle();
    this.waiting = this.then = null;
    this.ahead = false;
    const typed = act === "value" && value !== this.initial;
    this.box.turn(typed);
    this.box.value = value;
    if (typed && this.box.focused) this.box.edit();
    this.typed();
    if (said.refused) this.board.say(`${said.refused} What you typed is still here.`, true);
    else if (forced) this.commit(forced);
    else {
      clearTimeout(this.later); // a check would replace the message by one without "Not saved"
      this.warn(`Not saved: ${said.doubt}. Ctrl+Enter saves it as it stands.`, "doubt");
    }
  }

  settle() {
    this.pending = null;
    delete this.element.dataset.pending;
  }

  undo() {
    if (this.pending) return;
    kept.delete(this.keptKey);
    this.box.turn(false);
    this.box.value = this.initial;
    this.board.ask("undo", this.board.screen());
  }

  undone(said) {
    this.count(said.progress);
    if (said.at == null) return this.board.say(`Undone: a decision about ${said.field}, which is not in this queue.`);
    this.board.say(`Undone: ${said.field}.`);
    this.shownFor = null;
    this.board.expect(said.at);
  }

  /** Goes to another item, after saving the typed text. */
  leave(at) {
    if (at == null) return;
    if (this.dirty || this.pending) {
      this.then = at;
      this.commit();
    } else this.board.go(at);
  }

  /** Handles keys in the box; some depend on whether the value is edited. */
  boxKey(event) {
    if (composes(event) || this.box.composing) return false;
    const key = chord(event);
    return (this.box.editing ? this.editingKey(key) : this.selectedKey(key)) || this.command(key);
  }

  editingKey(key) {
    if (key === "Enter") this.commit({ go: true });
    else if (key === "Escape") {
      this.box.turn(false);
      this.box.value = this.initial;
      this.typed();
    } else if (key === "Tab") this.leave(this.told.after);
    else if (key === "Shift+Tab") this.leave(this.told.before);
    else return false;
    return true;
  }

  selectedKey(key) {
    const arrows = { "Shift+ArrowLeft": [60, 0], "Shift+ArrowRight": [-60, 0], "Shift+ArrowUp": [0, 60],
      "Shift+ArrowDown": [0, -60] };
    if (key === "Enter") this.commit({ go: true });
    else if (key === "F2") this.box.edit();
    else if (key === "Delete") this.box.clear();
    else if (key === "Backspace" || key === "Control+z") this.undo();
    else if (["ArrowRight", "ArrowDown", "Tab"].includes(key)) this.leave(this.told?.after);
    else if (["ArrowLeft", "ArrowUp", "Shift+Tab"].includes(key)) this.leave(this.told?.before);
    else if (arrows[key]) this.board.stage.pan(...arrows[key]);
    else if (key === "Escape" && this.board.help.hidden) this.box.element.blur();
    else return ["Home", "End", "Shift+Home", "Shift+End", "Shift+Enter"].includes(key); // these would move the cursor
    return true;
  }

  /** Handles the keys that do the same wherever the focus is. */
  command(key) {
    const { stage } = this.board;
    if (ACTS[key]) this.commit({ act: ACTS[key], go: true });
    else if (key === "Control+Enter") this.commit({ go: true, force: true });
    else if (key === "Alt+Backspace") this.undo();
    else if (key === "Alt+N") this.note.focus();
    else if (key === "Alt+T") this.tagLine.focus();
    else if (key === "Alt+B") this.place.draw();
    else if (/^Alt\+[1-3]$/.test(key)) this.take(Number(key.at(-1)) - 1);
    else if (key === "PageDown" || key === "Alt+ArrowDown") this.leave(this.told?.after);
    else if (key === "PageUp" || key === "Alt+ArrowUp") this.leave(this.told?.before);
    else if (key === "Alt+=" || key === "Alt++" || key === "Alt+Shift++") stage.zoom(1.25);
    else if (key === "Alt+-") stage.zoom(0.8);
    else if (key === "Alt+0") stage.fit();
    else if (key === "Alt+Z") this.board.zoomToPicked();
    else if (key === "Alt+R") stage.turn(90);
    else if (key === "Alt+Shift+R") stage.turn(-90);
    else if (key === "Alt+V") this.board.toggleLabels();
    else if (key === "Alt+G") this.board.number.select();
    else return key !== "?" && this.board.helpKey(key);
    return true;
  }

  mark(hovered) {
    for (const line of this.list.children) line.classList.toggle("near", line.dataset.field === hovered);
  }

  close() {
    clearTimeout(this.later);
  }
}
