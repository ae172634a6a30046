// The size of an element on the screen, followed.
import { useLayoutEffect, useState } from 'preact/hooks';

export interface Box {
  width: number;
  height: number;
  /** The board's size unit in pixels: about a hundredth of the screen's height. */
  unit: number;
}

export function useBox(host: preact.RefObject<HTMLElement>): Box {
  const [box, setBox] = useState<Box>({ width: 0, height: 0, unit: 10 });
  useLayoutEffect(() => {
    const element = host.current!;
    const measure = () => {
      const unit = parseFloat(getComputedStyle(document.documentElement).fontSize);
      const { clientWidth: width, clientHeight: height } = element;
      setBox((old) => (old.width === width && old.height === height && old.unit === unit ? old : { width, height, unit }));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return box;
}
