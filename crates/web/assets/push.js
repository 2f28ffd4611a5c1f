// Switches notifications on and off in this browser. Loaded by the pages that offer it; nothing is asked before a tap.
"use strict";
(() => {
  const able = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
  // An iPhone or iPad, which may call itself a Mac, has notifications in what was put on its home screen only.
  const apple = /iPhone|iPad|iPod/.test(navigator.userAgent) || (navigator.platform === "MacIntel" && navigator.maxTouchPoints > 1);

  const state = () => {
    if (!able) return apple ? "install" : "unable";
    return Notification.permission === "denied" ? "blocked" : "ready";
  };
  const show = (wanted) => {
    for (const part of document.querySelectorAll("[data-push-when]")) {
      part.hidden = !part.dataset.pushWhen.split(" ").includes(wanted);
    }
  };

  const octets = (base64url) => {
    const text = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(text, (character) => character.charCodeAt(0));
  };

  const subscribe = async (key) => {
    if ((await Notification.requestPermission()) !== "granted") return null;
    const { pushManager } = await navigator.serviceWorker.ready;
    const ask = () => pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: octets(key) });
    // One that was made with another key of ours is no good any more.
    return ask().catch(async () => {
      await (await pushManager.getSubscription())?.unsubscribe();
      return ask();
    });
  };

  const switchOn = async (form) => {
    const subscription = await subscribe(form.dataset.push).catch(() => undefined);
    for (const button of form.querySelectorAll("button")) button.removeAttribute("aria-busy");
    if (!subscription) return show(subscription === null ? state() : "failed");
    const { endpoint, keys } = subscription.toJSON();
    for (const [name, value] of Object.entries({ endpoint, ...keys })) form.elements[name].value = value;
    form.submit();
  };

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches("[data-push]")) {
      event.preventDefault();
      switchOn(form);
    } else if (form.matches("[data-push-off]") && able) {
      navigator.serviceWorker.ready.then(async ({ pushManager }) => (await pushManager.getSubscription())?.unsubscribe());
    }
  });
  show(state());
})();
