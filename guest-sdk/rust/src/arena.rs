//! The guest's allocator: memory is handed out in order and not given back, since an instance
//! lives for one decision. The first 256 KiB are there from the start; Rust's default
//! allocator begins with `memory.grow`, which costs two system calls a decision.

#![expect(unsafe_code, reason = "an allocator is an unsafe trait; each use is argued")]

use std::alloc::{GlobalAlloc, Layout};
use std::cell::{Cell, UnsafeCell};
use std::ptr;

/// Enough for a rule that reads some properties and a pool of a thousand.
const FIRST: usize = 256 * 1024;
const PAGE: usize = 64 * 1024;
/// Growth asks for a little more than is needed, so that it stays rare.
const SPARE_PAGES: usize = 4;

/// The part of .bss that serves first. Untouched pages cost nothing.
#[repr(align(16))]
struct Block(UnsafeCell<[u8; FIRST]>);

/// The free span `[next, end)`; both 0 before the first allocation.
struct Arena {
    next: Cell<usize>,
    end: Cell<usize>,
}

// SAFETY: the contract's instances have one thread: the host refuses components that ask for
// threads, so nothing here is ever reached from two.
unsafe impl Sync for Block {}
// SAFETY: as above.
unsafe impl Sync for Arena {}

static BLOCK: Block = Block(UnsafeCell::new([0; FIRST]));

#[global_allocator]
static ARENA: Arena = Arena { next: Cell::new(0), end: Cell::new(0) };

impl Arena {
    /// The address of `layout` if the free span has room for it, and takes that room.
    fn take(&self, layout: Layout) -> Option<usize> {
        let start = self.next.get().checked_next_multiple_of(layout.align())?;
        let after = start.checked_add(layout.size())?;
        if after > self.end.get() {
            return None;
        }
        self.next.set(after);
        Some(start)
    }

    /// Makes a free span in which `layout` fits, or returns `None` when the host refuses.
    fn refill(&self, layout: Layout) -> Option<()> {
        if self.end.get() == 0 {
            let first = BLOCK.0.get() as usize;
            self.next.set(first);
            self.end.set(first + FIRST);
            if layout.size() + layout.align() <= FIRST {
                return Some(());
            }
        }
        let needed = layout.size().div_ceil(PAGE);
        // Pages are aligned to 64 KiB, more than anything asks for.
        let (old, pages) = match core::arch::wasm32::memory_grow(0, needed + SPARE_PAGES) {
            usize::MAX => (core::arch::wasm32::memory_grow(0, needed), needed),
            old => (old, needed + SPARE_PAGES),
        };
        if old == usize::MAX {
            return None;
        }
        let start = old * PAGE;
        // Usually memory grows right where the span ends; then what is left of it stays.
        if start != self.end.get() {
            self.next.set(start);
        }
        // At the very top of the address space the last page is left out: 0 means "no span".
        self.end.set(start.saturating_add(pages * PAGE));
        Some(())
    }
}

// SAFETY: `take` returns addresses in the free span alone, moves the span past them, and so
// never returns the same byte twice, except when `dealloc` gave back the newest block. The
// span is `BLOCK`, which nothing else touches, or pages that `memory_grow` has just made.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let found = self.take(layout).or_else(|| self.refill(layout).and_then(|()| self.take(layout)));
        found.map_or(ptr::null_mut(), |address| address as *mut u8)
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if block as usize + layout.size() == self.next.get() {
            self.next.set(block as usize);
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let address = block as usize;
        let is_newest = address + layout.size() == self.next.get();
        if is_newest && size <= self.end.get().saturating_sub(address) {
            self.next.set(address + size);
            return block;
        }
        if size <= layout.size() {
            return block;
        }
        // SAFETY: the caller promises a size that is valid with this alignment; the new block
        // is larger than the old, and they do not overlap since the old was not given back.
        unsafe {
            let moved = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !moved.is_null() {
                ptr::copy_nonoverlapping(block, moved, layout.size());
            }
            moved
        }
    }
}
