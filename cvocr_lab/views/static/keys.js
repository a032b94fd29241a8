// The keys that are shown at the bottom, and the complete lists.

const VIEW_HINTS = [
  ["← →", "row"], ["↑ ↓", "field"], ["z", "zoom to it"], ["o", "gallery"], ["f", "bars"], ["/", "query"], ["F1", "all keys"],
];
const GALLERY_HINTS = [["← → ↑ ↓", "paper"], ["Enter", "open it"], ["f", "bars"], ["/", "query"], ["o", "one paper"], ["F1", "all keys"]];
const VIEW_KEYS = [
  ["← →", "previous row, next row"], ["↑ ↓", "previous, next field"], ["Home End", "first, last row"],
  ["g", "go to a number"], ["/", "query"], ["z", "zoom to the field"], ["+ −", "zoom"], ["0", "the paper, the whole photo"],
  ["Shift + arrows", "move the picture"], ["r R", "turn right, left"], ["v", "values on the picture"],
  ["o", "gallery of many papers"], ["f", "bars: the distribution of the rows"], ["t", "tags, if there is a journal"],
  ["c", "show or hide the rectified paper"], ["Ctrl+wheel", "zoom"],
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
  ["any letter", "replaces the value; input methods work"], ["F2", "edit the value"],
  ["Delete", "clear the value, if it is not on the paper"], ["Enter", "save and go on"],
  ["Ctrl+Enter", "save a malformed value unchanged, and go on"], ["Esc", "restore the value; then leave the box"],
  ["Alt+U, S, D", "unreadable, skip, disputed"], ["Alt+1, 2, 3", "use one of the suggested values"], ["Alt+N", "note"], ["Alt+T", "tags"],
  ["Alt+B", "draw a box for the field; drag its corners to correct it"],
  ["Backspace", "undo, also decisions of earlier sessions (Alt+Backspace while editing)"],
  ["← → ↑ ↓", "previous, next field (Page Up, Page Down while editing)"], ["Tab", "next field; Shift+Tab: previous"],
  ["Alt+G", "go to a number"], ["Alt+Z", "zoom to the field"], ["Alt+ + − 0", "zoom, paper or whole photo"],
  ["Ctrl+wheel", "zoom"], ["Shift+arrows", "move the picture"], ["Alt+R", "turn; Alt+Shift+R: left"],
  ["Alt+V", "values on the picture"], ["F1", "this list"],
];
