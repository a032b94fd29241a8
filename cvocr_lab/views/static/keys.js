// Which keys do what: those always in sight at the bottom, and the whole lists.

const VIEW_HINTS = [
  ["← →", "row"], ["↑ ↓", "field"], ["z", "zoom to it"], ["o", "gallery"], ["f", "bars"], ["/", "query"], ["F1", "all keys"],
];
const GALLERY_HINTS = [["← → ↑ ↓", "paper"], ["Enter", "open it"], ["f", "bars"], ["/", "query"], ["o", "one paper"], ["F1", "all keys"]];
const VIEW_KEYS = [
  ["← →", "row before, next row"], ["↑ ↓", "field above, below"], ["Home End", "first, last row"],
  ["g", "go to a number"], ["/", "query"], ["z", "zoom to the field"], ["+ −", "zoom"], ["0", "the paper, the whole photo"],
  ["Shift + arrows", "move the picture"], ["r R", "turn right, left"], ["v", "values on the picture"],
  ["o", "gallery of many papers"], ["f", "bars: how the rows are distributed"], ["t", "tags, where there is a journal"],
  ["c", "paper alone, or not"], ["Ctrl+wheel", "zoom"],
  ["Esc", "back to the picture from a box"], ["F1 ?", "this list"],
];

const DECIDING_KEYS = [["Alt+U S D", "unreadable, skip, disputed"]];
const SELECTED_KEYS = [
  ["Enter", "right, next"], ["type", "to correct"], ["F2", "edit"], ["Del", "nothing there"], ["← →", "field"],
  ...DECIDING_KEYS, ["Backspace", "undo"], ["F1", "all keys"],
];
const EDITING_KEYS = [
  ["Enter", "save, next"], ["Esc", "put back"], ["Tab", "save, field after"], ...DECIDING_KEYS, ["F1", "all keys"],
];
const REVIEW_KEYS = [
  ["any letter", "replaces the value; input methods work"], ["F2", "edit the value as it stands"],
  ["Delete", "empty the value: it is not on the paper"], ["Enter", "save and go on"],
  ["Ctrl+Enter", "save a malformed value as it stands, and go on"], ["Esc", "put the value back; then leave the box"],
  ["Alt+U, S, D", "unreadable, skip, disputed"], ["Alt+1, 2, 3", "take an answer"], ["Alt+N", "note"], ["Alt+T", "tags"],
  ["Alt+B", "draw a box for the field; drag its corners to correct it"],
  ["Backspace", "undo, earlier sessions too (Alt+Backspace while editing)"],
  ["← → ↑ ↓", "field before, next (Page Up, Page Down while editing)"], ["Tab", "field after; Shift+Tab: before"],
  ["Alt+G", "go to a number"], ["Alt+Z", "zoom to the field"], ["Alt+ + − 0", "zoom, paper or whole photo"],
  ["Ctrl+wheel", "zoom"], ["Shift+arrows", "move the picture"], ["Alt+R", "turn; Alt+Shift+R: left"],
  ["Alt+V", "values on the picture"], ["F1", "this list"],
];
