// An input for the tags of the current row.

class TagLine {
  constructor(board) {
    this.board = board;
    this.list = make("datalist", { id: unique() });
    this.input = make("input", { class: "row-tags", placeholder: "tags of this paper, separated by ;", "aria-label": "tags",
      list: this.list.id, onchange: () => this.changed() });
    this.element = make("div", {}, this.input, this.list);
  }

  show(tags, known = null) {
    this.tags = tags.join("; ");
    if (document.activeElement !== this.input) this.input.value = this.tags;
    if (known) this.list.replaceChildren(...known.map((tag) => make("option", { value: tag })));
  }

  changed() {
    if (this.input.value !== this.tags) this.board.ask("tag", { at: this.board.told.at, tags: this.input.value });
  }

  focus() {
    this.input.select();
  }
}
