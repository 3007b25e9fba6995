// Formats durations like `duration` in layout/times.py.

export function inWords(seconds) {
  if (seconds < 60) return `${seconds} 秒`;
  if (seconds < 3600) return two(Math.floor(seconds / 60), "分鐘", seconds % 60, "秒");
  return two(Math.floor(seconds / 3600), "小時", Math.floor((seconds % 3600) / 60), "分鐘");
}

function two(great, ofGreat, small, ofSmall) {
  return `${great} ${ofGreat}${small ? ` ${small} ${ofSmall}` : ""}`;
}
