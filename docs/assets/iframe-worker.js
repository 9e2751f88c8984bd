// Search in pages that were opened from the disk. A browser starts no worker from a file there, so
// a hidden frame stands in for it; the theme knows it by the name IFrameWorker.
if (location.protocol === "file:") {
  window.IFrameWorker = window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      frame.title = "search";
      document.body.append(frame);
      const inside = frame.contentWindow;
      inside.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
      inside.importScripts = (...files) =>
        files.reduce((before, file) => before.then(() => load(inside.document, file)), Promise.resolve());
      const begun = load(inside.document, url);
      this.postMessage = (data) =>
        begun.then(() => inside.dispatchEvent(new inside.MessageEvent("message", { data })));
    }
  };
  function load(page, url) {
    return new Promise((done, failed) => {
      const script = page.createElement("script");
      script.src = url;
      script.onload = done;
      script.onerror = failed;
      page.body.append(script);
    });
  }
}
