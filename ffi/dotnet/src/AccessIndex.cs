using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace Tenantry
{
    /// <summary>The answer of a check.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct AccessVerdict
    {
        private readonly ulong seq;
        private readonly int reason;
        private readonly byte allowed;
        private readonly byte reserved0;
        private readonly byte reserved1;
        private readonly byte reserved2;

        /// <summary>Whether it is allowed.</summary>
        public bool Allowed
        {
            get { return allowed == 1; }
        }

        /// <summary>Why not: the first refusal that applies; null when allowed.</summary>
        public Code? Reason
        {
            get { return reason == 0 ? (Code?)null : (Code)reason; }
        }

        /// <summary>The revision it was read at.</summary>
        public long Seq
        {
            get { return (long)seq; }
        }
    }

    /// <summary>A user, as one index numbers them. The default is nobody, who is denied everything.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct UserHandle
    {
        internal readonly uint Value;

        /// <summary>Whether the index knew them.</summary>
        public bool IsKnown
        {
            get { return Value != 0; }
        }
    }

    /// <summary>A tenant, as one index numbers them. The default is none, on which everything is denied.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct TenantHandle
    {
        internal readonly uint Value;

        /// <summary>Whether the index knew it.</summary>
        public bool IsKnown
        {
            get { return Value != 0; }
        }
    }

    /// <summary>A permission, as an index numbers them. The default is none, which nobody holds.</summary>
    public struct PermissionHandle
    {
        internal readonly ushort Value;

        internal PermissionHandle(ushort value)
        {
            Value = value;
        }
    }

    /// <summary>A service, as an index numbers them. With the default everything is denied; <see cref="None"/> is no service at all.</summary>
    public struct ServiceHandle
    {
        internal readonly ushort Value;

        internal ServiceHandle(ushort value)
        {
            Value = value;
        }

        /// <summary>For a check that is about no service.</summary>
        public static ServiceHandle None
        {
            get { return new ServiceHandle(Native.NoService); }
        }
    }

    /// <summary>A question in handles: may this user use this permission on this tenant, with this service?</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct ResolvedQuestion
    {
        private readonly uint user;
        private readonly uint tenant;
        private readonly ushort permission;
        private readonly ushort service;

        /// <summary>A question about a service.</summary>
        public ResolvedQuestion(UserHandle user, PermissionHandle permission, TenantHandle tenant, ServiceHandle service)
        {
            this.user = user.Value;
            this.tenant = tenant.Value;
            this.permission = permission.Value;
            this.service = service.Value;
        }

        /// <summary>A question about no service.</summary>
        public ResolvedQuestion(UserHandle user, PermissionHandle permission, TenantHandle tenant)
            : this(user, permission, tenant, ServiceHandle.None) { }
    }

    /// <summary>A question by ids, with handles for permission and service.</summary>
    [StructLayout(LayoutKind.Sequential, Pack = 2)]
    public struct AccessQuestion
    {
        private readonly NativeId user;
        private readonly NativeId tenant;
        private readonly ushort permission;
        private readonly ushort service;

        /// <summary>A question about a service.</summary>
        public AccessQuestion(UserId user, PermissionHandle permission, TenantId tenant, ServiceHandle service)
        {
            this.user = NativeId.Of(user.Value);
            this.tenant = NativeId.Of(tenant.Value);
            this.permission = permission.Value;
            this.service = service.Value;
        }

        /// <summary>A question about no service.</summary>
        public AccessQuestion(UserId user, PermissionHandle permission, TenantId tenant)
            : this(user, permission, tenant, ServiceHandle.None) { }
    }

    /// <summary>
    /// What checks need of an engine's store, in memory, for those who check more often than a store can be asked. Any number of threads
    /// may share one; none waits for another, nor for a commit. It outlives its engine, and stays at the revision that it has come to by then.
    /// </summary>
    public sealed unsafe class AccessIndex : IDisposable
    {
        private readonly IndexHandle handle;

        internal AccessIndex(IndexHandle handle)
        {
            this.handle = handle;
        }

        /// <summary>Closes the index; closing it again does nothing.</summary>
        public void Dispose()
        {
            handle.Dispose();
        }

        /// <summary>The revision that it has come to.</summary>
        public long Seq
        {
            get
            {
                ulong seq;
                ErrorHandle error;
                Native.Done(Native.tenantry_index_seq(handle, out seq, out error), error);
                return (long)seq;
            }
        }

        /// <summary>The revision of the saved index that it was loaded from; 0 where it was built of the store.</summary>
        public long LoadedFrom
        {
            get
            {
                ulong seq;
                ErrorHandle error;
                Native.Done(Native.tenantry_index_loaded_from(handle, out seq, out error), error);
                return (long)seq;
            }
        }

        // Handles.

        /// <summary>The handle of a user, for this index alone; not <c>IsKnown</c> where there is none such.</summary>
        public UserHandle User(UserId user)
        {
            return Users(new[] { user })[0];
        }

        /// <summary>The handles of users.</summary>
        public UserHandle[] Users(IReadOnlyList<UserId> users)
        {
            if (users == null) throw new ArgumentNullException("users");
            var ids = new NativeId[users.Count];
            for (var place = 0; place < ids.Length; place++) ids[place] = NativeId.Of(users[place].Value);
            var made = new UserHandle[ids.Length];
            fixed (NativeId* from = ids)
            fixed (UserHandle* to = made)
            {
                ErrorHandle error;
                Native.Done(Native.tenantry_index_users(handle, from, (UIntPtr)(uint)ids.Length, to, out error), error);
            }
            return made;
        }

        /// <summary>The handle of a tenant, for this index alone; not <c>IsKnown</c> where there is none such.</summary>
        public TenantHandle Tenant(TenantId tenant)
        {
            return Tenants(new[] { tenant })[0];
        }

        /// <summary>The handles of tenants.</summary>
        public TenantHandle[] Tenants(IReadOnlyList<TenantId> tenants)
        {
            if (tenants == null) throw new ArgumentNullException("tenants");
            var ids = new NativeId[tenants.Count];
            for (var place = 0; place < ids.Length; place++) ids[place] = NativeId.Of(tenants[place].Value);
            var made = new TenantHandle[ids.Length];
            fixed (NativeId* from = ids)
            fixed (TenantHandle* to = made)
            {
                ErrorHandle error;
                Native.Done(Native.tenantry_index_tenants(handle, from, (UIntPtr)(uint)ids.Length, to, out error), error);
            }
            return made;
        }

        /// <summary>The handle of a permission, such as <see cref="Permissions.DevicesManage"/>. One that the policy does not have is refused.</summary>
        public PermissionHandle Permission(string permission)
        {
            var bytes = Native.Bytes(permission, "permission");
            ushort made;
            fixed (byte* at = bytes)
            {
                ErrorHandle error;
                Native.Done(Native.tenantry_index_permission(handle, at, Native.Length(bytes), out made, out error), error);
            }
            return new PermissionHandle(made);
        }

        /// <summary>The handle of a service, such as <see cref="Services.Manage"/>. One that the policy does not have is refused.</summary>
        public ServiceHandle Service(string service)
        {
            var bytes = Native.Bytes(service, "service");
            ushort made;
            fixed (byte* at = bytes)
            {
                ErrorHandle error;
                Native.Done(Native.tenantry_index_service(handle, at, Native.Length(bytes), out made, out error), error);
            }
            return new ServiceHandle(made);
        }

        // Checks.

        /// <summary>May a user use a permission on a tenant? By handles.</summary>
        public AccessVerdict Check(UserHandle user, PermissionHandle permission, TenantHandle tenant)
        {
            return Check(user, permission, tenant, ServiceHandle.None);
        }

        /// <summary>May a user use a permission on a tenant, for a service? By handles.</summary>
        public AccessVerdict Check(UserHandle user, PermissionHandle permission, TenantHandle tenant, ServiceHandle service)
        {
            AccessVerdict verdict;
            var status = Native.tenantry_index_check_resolved(
                handle, user.Value, permission.Value, tenant.Value, service.Value, out verdict);
            if (status != Native.Ok) throw TenantryException.Of(status, "", null);
            return verdict;
        }

        /// <summary>The same by ids, which are looked up first.</summary>
        public AccessVerdict Check(UserId user, PermissionHandle permission, TenantId tenant)
        {
            return Check(user, permission, tenant, ServiceHandle.None);
        }

        /// <summary>The same by ids, which are looked up first.</summary>
        public AccessVerdict Check(UserId user, PermissionHandle permission, TenantId tenant, ServiceHandle service)
        {
            var who = NativeId.Of(user.Value);
            var where = NativeId.Of(tenant.Value);
            AccessVerdict verdict;
            var status = Native.tenantry_index_check(handle, ref who, permission.Value, ref where, service.Value, out verdict);
            if (status != Native.Ok) throw TenantryException.Of(status, "", null);
            return verdict;
        }

        /// <summary>Answers many questions, each in its place, which costs less for each than to ask one by one.</summary>
        public AccessVerdict[] CheckAll(ResolvedQuestion[] questions)
        {
            if (questions == null) throw new ArgumentNullException("questions");
            var verdicts = new AccessVerdict[questions.Length];
            CheckAll(questions, verdicts);
            return verdicts;
        }

        /// <summary>The same without an allocation: as many verdicts as there are questions.</summary>
        public void CheckAll(ReadOnlySpan<ResolvedQuestion> questions, Span<AccessVerdict> verdicts)
        {
            if (questions.Length != verdicts.Length) throw new ArgumentException("There must be a place for each answer.", "verdicts");
            int status;
            fixed (ResolvedQuestion* from = &MemoryMarshal.GetReference(questions))
            fixed (AccessVerdict* to = &MemoryMarshal.GetReference(verdicts))
            {
                status = Native.tenantry_index_check_batch(handle, from, (UIntPtr)(uint)questions.Length, to);
            }
            if (status != Native.Ok) throw TenantryException.Of(status, "", null);
        }

        /// <summary>Answers many questions by ids, each in its place.</summary>
        public AccessVerdict[] CheckAll(AccessQuestion[] questions)
        {
            if (questions == null) throw new ArgumentNullException("questions");
            var verdicts = new AccessVerdict[questions.Length];
            CheckAll(questions, verdicts);
            return verdicts;
        }

        /// <summary>The same without an allocation: as many verdicts as there are questions.</summary>
        public void CheckAll(ReadOnlySpan<AccessQuestion> questions, Span<AccessVerdict> verdicts)
        {
            if (questions.Length != verdicts.Length) throw new ArgumentException("There must be a place for each answer.", "verdicts");
            int status;
            fixed (AccessQuestion* from = &MemoryMarshal.GetReference(questions))
            fixed (AccessVerdict* to = &MemoryMarshal.GetReference(verdicts))
            {
                status = Native.tenantry_index_check_ids(handle, from, (UIntPtr)(uint)questions.Length, to);
            }
            if (status != Native.Ok) throw TenantryException.Of(status, "", null);
        }

        // Lists.

        /// <summary>The tenants that a user can do this on, in no particular order.</summary>
        public IReadOnlyList<TenantId> TenantsWhere(UserHandle user, PermissionHandle permission, ServiceHandle service)
        {
            CursorHandle cursor;
            ErrorHandle error;
            Native.Done(
                Native.tenantry_index_tenants_where(handle, user.Value, permission.Value, service.Value, out cursor, out error), error);
            return Cursor.All(cursor, id => new TenantId(id));
        }

        /// <summary>The users who can do this on a tenant, in no particular order.</summary>
        public IReadOnlyList<UserId> UsersWhoCan(PermissionHandle permission, TenantHandle tenant, ServiceHandle service)
        {
            CursorHandle cursor;
            ErrorHandle error;
            Native.Done(
                Native.tenantry_index_users_who_can(handle, permission.Value, tenant.Value, service.Value, out cursor, out error), error);
            return Cursor.All(cursor, id => new UserId(id));
        }

        /// <summary>Everybody who can do anything on a tenant, and what: JSON with <c>seq</c> and <c>rows</c>.</summary>
        public string TenantAccess(TenantHandle tenant)
        {
            NativeText review;
            ErrorHandle error;
            Native.Done(Native.tenantry_index_tenant_access(handle, tenant.Value, out review, out error), error);
            return Native.Taken(ref review);
        }

        /// <summary>Every tenant on which a user can do anything, and what: JSON with <c>seq</c> and <c>rows</c>.</summary>
        public string UserAccess(UserHandle user)
        {
            NativeText review;
            ErrorHandle error;
            Native.Done(Native.tenantry_index_user_access(handle, user.Value, out review, out error), error);
            return Native.Taken(ref review);
        }
    }
}
