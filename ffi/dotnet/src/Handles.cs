using System;
using System.Runtime.InteropServices;
using System.Threading;

namespace Tenantry
{
    // What the library gives out, each owned by a SafeHandle: closed once, by Dispose or by the finaliser, and never while a call is within
    // it, for every call counts as a user of the handle.
    internal abstract class Handle : SafeHandle
    {
        protected Handle() : base(IntPtr.Zero, true) { }

        public override bool IsInvalid
        {
            get { return handle == IntPtr.Zero; }
        }
    }

    internal sealed class EngineHandle : Handle
    {
        private Callbacks callbacks;

        internal Callbacks Callbacks
        {
            get { return callbacks; }
        }

        // From now on the host's functions last as long as this.
        internal void Keep(Callbacks used)
        {
            callbacks = used;
        }

        protected override bool ReleaseHandle()
        {
            var closed = Native.tenantry_close(ref handle) == Native.Ok;
            // What is not closed may call the host once more.
            if (closed && callbacks != null) callbacks.Release();
            return closed;
        }
    }

    internal sealed class IndexHandle : Handle
    {
        private Callbacks callbacks;

        // An index outlives its engine, and asks what time it is as the engine does.
        internal void Keep(Callbacks used)
        {
            if (used != null) used.Use();
            callbacks = used;
        }

        protected override bool ReleaseHandle()
        {
            var closed = Native.tenantry_index_close(ref handle) == Native.Ok;
            if (closed && callbacks != null) callbacks.Release();
            return closed;
        }
    }

    internal sealed class CursorHandle : Handle
    {
        protected override bool ReleaseHandle()
        {
            return Native.tenantry_cursor_free(ref handle) == Native.Ok;
        }
    }

    internal sealed class ErrorHandle : Handle
    {
        protected override bool ReleaseHandle()
        {
            return Native.tenantry_error_free(ref handle) == Native.Ok;
        }
    }

    // The host's clock and its ids, kept where the collector does not take them while the library may call them.
    internal sealed class Callbacks
    {
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        private delegate long Telling(IntPtr context);

        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        private delegate void Making(IntPtr context, IntPtr id);

        private static readonly DateTimeOffset Epoch = new DateTimeOffset(1970, 1, 1, 0, 0, 0, TimeSpan.Zero);

        private readonly Func<DateTimeOffset> now;
        private readonly Func<Guid> newId;
        private readonly Telling telling;
        private readonly Making making;
        private GCHandle kept;
        private int users = 1;
        private Exception failed;

        internal Callbacks(Func<DateTimeOffset> now, Func<Guid> newId)
        {
            this.now = now;
            this.newId = newId;
            telling = Tell;
            making = Make;
            kept = GCHandle.Alloc(this);
        }

        internal IntPtr Now
        {
            get { return now == null ? IntPtr.Zero : Marshal.GetFunctionPointerForDelegate(telling); }
        }

        internal IntPtr NewId
        {
            get { return newId == null ? IntPtr.Zero : Marshal.GetFunctionPointerForDelegate(making); }
        }

        internal void Use()
        {
            Interlocked.Increment(ref users);
        }

        internal void Release()
        {
            if (Interlocked.Decrement(ref users) == 0) kept.Free();
        }

        // What the host's function threw last, for whoever is told that the time is not known.
        internal Exception Failed()
        {
            return Interlocked.Exchange(ref failed, null);
        }

        // No exception may pass through the library.
        private long Tell(IntPtr context)
        {
            try
            {
                return (now().UtcTicks - Epoch.UtcTicks) / 10;
            }
            catch (Exception thrown)
            {
                Interlocked.Exchange(ref failed, thrown);
                return long.MinValue; // no moment: the time is not known
            }
        }

        private unsafe void Make(IntPtr context, IntPtr id)
        {
            Guid made;
            try
            {
                made = newId();
            }
            catch (Exception thrown)
            {
                Interlocked.Exchange(ref failed, thrown);
                made = Guid.NewGuid(); // an id there must be, and this one is nobody's
            }
            *(NativeId*)id = NativeId.Of(made);
        }
    }
}
