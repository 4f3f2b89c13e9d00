using System;
using System.Runtime.InteropServices;
using System.Text;

namespace Tenantry
{
    // The functions of include/tenantry.h, as they stand there. Nothing else of the package calls the library.
    internal static unsafe class Native
    {
        private const string Library = "tenantry";

        // TENANTRY_ABI_VERSION of the header that this was written for.
        internal const uint AbiVersion = 0;

        internal const int Ok = 0;
        internal const ushort NoService = 65535;

        internal const uint ReadOnly = 1;
        internal const uint MustExist = 2;
        internal const uint SyncNormal = 4;
        internal const uint NoRefusalRecords = 8;
        internal const uint ClockTolerance = 16;
        internal const uint Wait = 32;
        internal const uint ClockLeap = 64;

        private static readonly object Gate = new object();
        private static bool ready;

        // Sees to it that the library is there and speaks as this package does. Every way in passes here first, so that what is amiss is said
        // in words, and not as the failure of some initialiser.
        internal static void Ready()
        {
            if (ready) return;
            lock (Gate)
            {
                if (ready) return;
                uint there;
                try
                {
                    there = tenantry_abi_version();
                }
                catch (DllNotFoundException failed)
                {
                    throw new LibraryException(
                        "The native library of tenantry cannot be loaded (libtenantry.so, libtenantry.dylib or tenantry.dll); " +
                        "put it where the system looks for libraries, or beside the program: " + failed.Message, failed);
                }
                catch (EntryPointNotFoundException failed)
                {
                    throw new LibraryException("What was loaded as tenantry is another library: " + failed.Message, failed);
                }
                catch (BadImageFormatException failed)
                {
                    throw new LibraryException("The native library of tenantry is not of this machine's kind: " + failed.Message, failed);
                }
                Match(there, Read(tenantry_version()));
                ready = true;
            }
        }

        internal static void Match(uint there, string version)
        {
            if (there == AbiVersion) return;
            throw new LibraryException(
                "The native library is tenantry " + version + " with ABI " + there + ", and this package was made for ABI " + AbiVersion +
                "; use a package and a library of one version.", null);
        }

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern uint tenantry_abi_version();

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr tenantry_version();

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern UIntPtr tenantry_live_objects();

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr tenantry_status_name(int status);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr tenantry_status_message(int status);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr tenantry_status_remedy(int status);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr tenantry_status_rule(int status);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr tenantry_error_json(ErrorHandle error, out UIntPtr length);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int tenantry_error_free(ref IntPtr error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int tenantry_text_free(ref NativeText text);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int tenantry_id_parse(byte* text, UIntPtr length, out NativeId id, out ErrorHandle error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern void tenantry_id_write(ref NativeId id, byte* text);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int tenantry_open_memory(ref NativeOptions options, out EngineHandle engine, out ErrorHandle error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int tenantry_open_file(
            byte* path, UIntPtr pathLength, ref NativeOptions options, out EngineHandle engine, out ErrorHandle error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int tenantry_restore(
            byte* from, UIntPtr fromLength, byte* to, UIntPtr toLength, out NativeText reply, out ErrorHandle error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int tenantry_close(ref IntPtr engine);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int tenantry_check(
            EngineHandle engine, ref NativeId user, byte* permission, UIntPtr permissionLength, ref NativeId tenant, byte* service,
            UIntPtr serviceLength, out AccessVerdict verdict, out ErrorHandle error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int tenantry_tenants_where(
            EngineHandle engine, ref NativeId user, byte* permission, UIntPtr permissionLength, byte* service, UIntPtr serviceLength,
            out CursorHandle cursor, out ErrorHandle error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int tenantry_users_who_can(
            EngineHandle engine, byte* permission, UIntPtr permissionLength, ref NativeId tenant, byte* service, UIntPtr serviceLength,
            out CursorHandle cursor, out ErrorHandle error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int tenantry_cursor_next(
            CursorHandle cursor, NativeId* ids, UIntPtr capacity, out UIntPtr count, out ErrorHandle error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int tenantry_cursor_size(CursorHandle cursor, out UIntPtr size, out ulong seq, out ErrorHandle error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int tenantry_cursor_free(ref IntPtr cursor);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int tenantry_index_open(EngineHandle engine, out IndexHandle index, out ErrorHandle error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int tenantry_index_close(ref IntPtr index);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int tenantry_index_seq(IndexHandle index, out ulong seq, out ErrorHandle error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int tenantry_index_loaded_from(IndexHandle index, out ulong seq, out ErrorHandle error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int tenantry_index_users(
            IndexHandle index, NativeId* users, UIntPtr count, UserHandle* handles, out ErrorHandle error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int tenantry_index_tenants(
            IndexHandle index, NativeId* tenants, UIntPtr count, TenantHandle* handles, out ErrorHandle error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int tenantry_index_permission(
            IndexHandle index, byte* permission, UIntPtr permissionLength, out ushort handle, out ErrorHandle error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int tenantry_index_service(
            IndexHandle index, byte* service, UIntPtr serviceLength, out ushort handle, out ErrorHandle error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int tenantry_index_check_resolved(
            IndexHandle index, uint user, ushort permission, uint tenant, ushort service, out AccessVerdict verdict);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int tenantry_index_check(
            IndexHandle index, ref NativeId user, ushort permission, ref NativeId tenant, ushort service, out AccessVerdict verdict);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int tenantry_index_check_batch(
            IndexHandle index, ResolvedQuestion* questions, UIntPtr count, AccessVerdict* verdicts);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int tenantry_index_check_ids(
            IndexHandle index, AccessQuestion* questions, UIntPtr count, AccessVerdict* verdicts);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int tenantry_index_tenants_where(
            IndexHandle index, uint user, ushort permission, ushort service, out CursorHandle cursor, out ErrorHandle error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int tenantry_index_users_who_can(
            IndexHandle index, ushort permission, uint tenant, ushort service, out CursorHandle cursor, out ErrorHandle error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int tenantry_index_tenant_access(
            IndexHandle index, uint tenant, out NativeText review, out ErrorHandle error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int tenantry_index_user_access(IndexHandle index, uint user, out NativeText review, out ErrorHandle error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int tenantry_call(
            EngineHandle engine, byte* json, UIntPtr length, out NativeText reply, out ErrorHandle error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int tenantry_token(EngineHandle engine, out NativeText token, out ErrorHandle error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int tenantry_refresh(
            EngineHandle engine, byte* token, UIntPtr length, out ulong seq, out ErrorHandle error);

        // Texts.

        private static readonly UTF8Encoding Strict = new UTF8Encoding(false, true);

        // A text as bytes; `what` is what the argument is called. There is one byte more, so that an empty text lies somewhere, too.
        internal static byte[] Bytes(string text, string what)
        {
            if (text == null) throw new ArgumentNullException(what);
            if (text.IndexOf('\0') >= 0) throw new ArgumentException("The text holds a NUL, which no text may.", what);
            return Encoded(text, what);
        }

        // The same of a document, in which JSON has its own way to write a NUL.
        internal static byte[] Encoded(string text, string what)
        {
            try
            {
                var bytes = new byte[Strict.GetByteCount(text) + 1];
                Strict.GetBytes(text, 0, text.Length, bytes, 0);
                return bytes;
            }
            catch (EncoderFallbackException failed)
            {
                throw new ArgumentException("The text holds half of a surrogate pair, which UTF-8 cannot have.", what, failed);
            }
        }

        internal static UIntPtr Length(byte[] bytes)
        {
            return (UIntPtr)(uint)(bytes.Length - 1);
        }

        // A text with a closing zero.
        internal static string Read(IntPtr text)
        {
            if (text == IntPtr.Zero) return "";
            var length = 0;
            while (((byte*)text)[length] != 0) length++;
            return Read(text, (UIntPtr)(uint)length);
        }

        internal static string Read(IntPtr text, UIntPtr length)
        {
            return text == IntPtr.Zero ? "" : Encoding.UTF8.GetString((byte*)text, checked((int)length.ToUInt64()));
        }

        // Takes a text over.
        internal static string Taken(ref NativeText text)
        {
            try
            {
                return Read(text.Data, text.Length);
            }
            finally
            {
                tenantry_text_free(ref text);
            }
        }

        // Throws where a call failed, and takes its error over.
        internal static void Done(int status, ErrorHandle error, Exception cause = null)
        {
            using (error)
            {
                if (status == Ok) return;
                UIntPtr length;
                var json = error == null || error.IsInvalid ? "" : Read(tenantry_error_json(error, out length), length);
                throw TenantryException.Of(status, json, cause);
            }
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct NativeText
    {
        internal IntPtr Data;
        internal UIntPtr Length;
    }

    // 16 bytes in the order in which an id is written. A Guid has its first eight in the order of the machine.
    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    internal unsafe struct NativeId
    {
        internal fixed byte Bytes[16];

        internal static NativeId Of(Guid id)
        {
            var made = default(NativeId);
            Turned((byte*)&id, made.Bytes);
            return made;
        }

        internal Guid Guid()
        {
            var made = default(Guid);
            fixed (byte* own = Bytes) Turned(own, (byte*)&made);
            return made;
        }

        // The same both ways.
        private static void Turned(byte* from, byte* to)
        {
            var turn = BitConverter.IsLittleEndian;
            for (var place = 0; place < 16; place++)
            {
                var other = place;
                if (turn && place < 4) other = 3 - place;
                else if (turn && place < 8) other = place ^ 1;
                to[place] = from[other];
            }
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct NativeOptions
    {
        internal uint StructSize;
        internal uint Flags;
        internal byte* Policy;
        internal UIntPtr PolicyLength;
        internal uint ClockToleranceSeconds;
        internal uint WaitMs;
        internal ulong MaxBytes;
        internal IntPtr Now;
        internal IntPtr NewId;
        internal IntPtr Context;
        internal uint ClockLeapSeconds;
        internal byte* SavedIndex;
        internal UIntPtr SavedIndexLength;
    }
}
