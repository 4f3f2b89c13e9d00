using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Text;
using System.Threading;
using Newtonsoft.Json.Linq;

namespace Tenantry.Tests
{
    // What the package promises, tried on the library itself. Each test is a method that throws where something is amiss.
    internal static class Suite
    {
        private static string directory;

        private static int Main()
        {
            directory = Path.Combine(Path.GetTempPath(), "tenantry-dotnet-" + Guid.NewGuid().ToString("N"));
            Directory.CreateDirectory(directory);
            var failed = 0;
            try
            {
                foreach (var test in new Action[]
                {
                    AnIdHasItsBytesInTheOrderInWhichItIsWritten,
                    ARefusalIsOfItsFamilyWithAllThatItSays,
                    EveryFamilyHasAnExceptionOfItsOwn,
                    ABatchSaysWhichOfItStandsInTheWay,
                    AMisuseSaysWhere,
                    ChecksAndLists,
                    TheIndexSaysWhatTheStoreSays,
                    ABatchIsItsSingleChecks,
                    AnIndexOutlivesItsEngine,
                    AnIndexIsSavedAndLoaded,
                    AnIdOfAnotherKindIsNobodys,
                    TextsThatNoTextMayBe,
                    NullIsToldWithItsName,
                    HugeThingsAreRefusedOrDone,
                    WhatIsDisposedSaysSo,
                    ThreadsShareAnEngine,
                    DisposingWaitsForWhoIsWithin,
                    WhatNobodyDisposesIsGivenBack,
                    TheHostTellsTheTimeAndMakesTheIds,
                    AHostThatThrowsEndsNothing,
                    ARequestIsAnsweredOnce,
                    SeveralCommandsInOneCommit,
                    LongListsAreTurnedOver,
                    FieldsAreLeftSetAndCleared,
                    ThePastIsAsked,
                    APolicyGoesInAndComesOut,
                    EveryEventAndNoticeOfAStoryIsRead,
                    EveryCommandAndQueryIsWrittenAsTheDoorWantsIt,
                    BackupsAreRestored,
                    TheLibraryIsOfThisPackage,
                })
                {
                    try
                    {
                        test();
                    }
                    catch (Exception thrown)
                    {
                        failed++;
                        Console.Error.WriteLine(test.Method.Name + ": " + thrown);
                    }
                }
            }
            finally
            {
                Directory.Delete(directory, true);
            }
            Console.WriteLine(failed == 0 ? "ok" : failed + " failed");
            return failed == 0 ? 0 : 1;
        }

        // Helpers.

        private static void Holds(bool what, string said)
        {
            if (!what) throw new InvalidOperationException(said);
        }

        private static void Same<T>(T is_, T should)
        {
            if (!EqualityComparer<T>.Default.Equals(is_, should)) throw new InvalidOperationException(is_ + ", and not " + should);
        }

        private static T Throws<T>(Action does) where T : Exception
        {
            try
            {
                does();
            }
            catch (T thrown)
            {
                return thrown;
            }
            throw new InvalidOperationException("no " + typeof(T).Name);
        }

        private static readonly Actor Staff = new Actor.Operator();

        // An MSP with Ada, and a customer that is fully managed.
        private sealed class World : IDisposable
        {
            internal readonly Engine Engine;
            internal readonly TenantId Msp, Customer;
            internal readonly UserId Ada;
            internal readonly LinkId Link;

            internal World(Engine engine)
            {
                Engine = engine;
                Msp = engine.Execute(Staff, new Commands.RegisterTenant(TenantKind.Msp, "Northwind IT")).Outcome;
                Ada = engine.Execute(Staff, new Commands.RegisterUser(Msp, "ada@northwind.example", Roles.SuperAdmin)).Outcome;
                var added = Add("Bäckerei Klein");
                Customer = added.Tenant;
                Link = added.Link;
            }

            internal World() : this(Engine.OpenMemory()) { }

            internal AddedCustomer Add(string name)
            {
                var command = new Commands.AddCustomer(Msp, TenantKind.Customer, name, ManagementTypes.Fully, new[] { Services.Manage });
                return Engine.Execute(Ada, command).Outcome;
            }

            public void Dispose()
            {
                Engine.Dispose();
            }
        }

        // Ids.

        private static void AnIdHasItsBytesInTheOrderInWhichItIsWritten()
        {
            var id = new Guid("00112233-4455-6677-8899-aabbccddeeff");
            var bytes = new byte[] { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff };
            Holds(Ids.ToBytes(id).SequenceEqual(bytes), "to bytes");
            Same(Ids.FromBytes(bytes), id);
            Holds(!id.ToByteArray().SequenceEqual(bytes), "a Guid's own order is another");
            Throws<ArgumentException>(() => Ids.FromBytes(new byte[15]));
            Same(Ids.Parse("00112233445566778899AABBCCDDEEFF"), id);
            foreach (var text in new[] { "", "00", "{00112233-4455-6677-8899-aabbccddeeff}", "00112233-4455-6677-8899-aabbccddeefg" })
            {
                Throws<FormatException>(() => Ids.Parse(text));
            }
            // The same through the library: made by the host, in bytes; told in JSON, as text; asked, in bytes.
            using (var engine = Engine.OpenMemory(new EngineOptions { NewId = () => id }))
            {
                var made = engine.Execute(Staff, new Commands.RegisterTenant(TenantKind.Msp, "Northwind IT")
                {
                    Tenant = TenantId.Parse("0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"),
                });
                Same(made.Request.Value, id);
                Same(made.Outcome.ToString(), "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0");
            }
            using (var world = new World())
            {
                Same(world.Engine.TenantsWhere(world.Ada, Permissions.TenantView).Contains(world.Customer), true);
                Same(world.Engine.UsersWhoCan(Permissions.TenantView, world.Msp).Single(), world.Ada);
            }
            var few = new[] { "ff000000-0000-0000-0000-000000000000", "00ff0000-0000-0000-0000-000000000000", "7f000000-0000-0000-0000-000000000000" };
            var ordered = few.Select(TenantId.Parse).OrderBy(one => one).Select(one => one.ToString());
            Holds(ordered.SequenceEqual(few.OrderBy(one => one, StringComparer.Ordinal)), "ids are in the order in which they are written");
        }

        // Refusals and troubles.

        private static void ARefusalIsOfItsFamilyWithAllThatItSays()
        {
            using (var world = new World())
            {
                var told = Throws<StateRefusedException>(() => world.Engine.Execute(world.Ada, new Commands.RequestDelink(world.Link)));
                Same(told.Code, Code.NotDelinkable);
                Same(told.Number, 701);
                Same(told.Name, "not_delinkable");
                Same(told.Rule, "D-1");
                Same(told.Remedy, "convert it to jointly managed first");
                Same(told.Fault.About, world.Link.ToString());
                Holds(told.Message.EndsWith(told.Remedy, StringComparison.Ordinal) && !told.Fault.Transient, told.Message);
                Same(NativeLibraryInfo.NameOf(told.Code), told.Name);
                Same(NativeLibraryInfo.RuleOf(told.Code), told.Rule);
                Same(NativeLibraryInfo.RemedyOf(told.Code), told.Remedy);
            }
        }

        private static void EveryFamilyHasAnExceptionOfItsOwn()
        {
            using (var world = new World())
            {
                var engine = world.Engine;
                var nobody = new UserId(Guid.NewGuid());
                var stale = Throws<RequestRefusedException>(() => engine.Execute(world.Ada, new Commands.RequestDelink(world.Link), expectedSeq: 1));
                Same(stale.Code, Code.StaleSeq);
                Same(Throws<UnknownRefusedException>(() => engine.Execute(Staff, new Commands.BlockUser(nobody))).Code, Code.NoSuchUser);
                var ben = engine.Execute(Staff, new Commands.RegisterUser(world.Msp, "ben@northwind.example", Roles.ReadOnly)).Outcome;
                var rights = Throws<RightsRefusedException>(() => engine.Execute(ben, new Commands.EditTenant(world.Msp) { Name = "Ben's" }));
                Same(rights.Code, Code.RoleLacksPermission);
                Throws<ValueRefusedException>(() => engine.Execute(world.Ada, new Commands.AddServices(world.Link, new[] { "telepathy" })));
                var store = Throws<StoreException>(() => Engine.Open(Path.Combine(directory, "none.db"), new EngineOptions { MustExist = true }));
                Same(store.Trouble, Trouble.CannotOpen);
                Same(Throws<MisuseException>(() => engine.Call("{")).Trouble, Trouble.MalformedJson);
            }
            foreach (Code code in Enum.GetValues(typeof(Code))) Holds(NativeLibraryInfo.NameOf(code).Length > 0, code + " is none");
            foreach (Trouble one in Enum.GetValues(typeof(Trouble))) Holds(NativeLibraryInfo.NameOf((Code)one).Length > 0, one + " is none");
        }

        private static void ABatchSaysWhichOfItStandsInTheWay()
        {
            using (var world = new World())
            {
                var tenants = new[] { world.Customer, new TenantId(Guid.NewGuid()) };
                var told = Throws<RefusedException>(() => world.Engine.Execute(Staff, new Commands.DisableTenants(tenants)));
                Same(told.Fault.Items.Single().Index, 1);
                Same(told.Fault.Items.Single().Code, Code.UnknownTenant);
                Same(told.Fault.Items.Single().About, tenants[1].ToString());
            }
        }

        private static void AMisuseSaysWhere()
        {
            using (var world = new World())
            {
                var invite = new Commands.InviteUser(world.Customer, new Invitee("kim"), Roles.Admin);
                var told = Throws<MisuseException>(() => world.Engine.Execute(world.Ada, invite));
                Same(told.Trouble, Trouble.InvalidRequest);
                Same(told.Fault.Path, "execute.command.invitee.email");
            }
        }

        // Checks.

        private static void ChecksAndLists()
        {
            using (var world = new World())
            {
                var found = world.Engine.Check(world.Ada, Permissions.DevicesManage, world.Customer, Services.Manage);
                Holds(found.Allowed && found.Reason == null && found.Seq == 4, "allowed");
                Same(world.Engine.Check(world.Ada, Permissions.LocationView, world.Customer).Reason, Code.ReservedForCustomer);
                Same(world.Engine.TenantsWhere(world.Ada, Permissions.DevicesView).Count, 2);
                Same(world.Engine.Refresh(world.Engine.Token()), 4);
                Same(Throws<MisuseException>(() => world.Engine.Check(world.Ada, "", world.Customer)).Trouble, Trouble.BadText);
                Throws<ValueRefusedException>(() => world.Engine.Check(world.Ada, "telepathy", world.Customer));
                var why = world.Engine.Ask(new Queries.Explain(world.Ada, Permissions.LocationView, world.Customer));
                Holds(why != null, "explained");
            }
        }

        private static void TheIndexSaysWhatTheStoreSays()
        {
            using (var world = new World())
            using (var index = world.Engine.OpenIndex())
            {
                Same(index.Seq, 4);
                Same(index.LoadedFrom, 0);
                var ada = index.User(world.Ada);
                var customer = index.Tenant(world.Customer);
                Holds(ada.IsKnown && customer.IsKnown && !index.User(new UserId(Guid.NewGuid())).IsKnown, "handles");
                foreach (var name in new[] { Permissions.DevicesManage, Permissions.LocationView, Permissions.UsersManage })
                {
                    var permission = index.Permission(name);
                    var store = world.Engine.Check(world.Ada, name, world.Customer, Services.Configure);
                    var service = index.Service(Services.Configure);
                    Same(index.Check(ada, permission, customer, service).Reason, store.Reason);
                    Same(index.Check(world.Ada, permission, world.Customer, service).Reason, store.Reason);
                    var without = world.Engine.Check(world.Ada, name, world.Customer);
                    Same(index.Check(ada, permission, customer).Allowed, without.Allowed);
                    Same(index.Check(world.Ada, permission, world.Customer).Allowed, without.Allowed);
                    Holds(
                        index.TenantsWhere(ada, permission, ServiceHandle.None).OrderBy(one => one)
                            .SequenceEqual(world.Engine.TenantsWhere(world.Ada, name)),
                        "the same tenants");
                    Holds(
                        index.UsersWhoCan(permission, customer, ServiceHandle.None).OrderBy(one => one)
                            .SequenceEqual(world.Engine.UsersWhoCan(name, world.Customer)),
                        "the same users");
                }
                // What nobody has set is denied.
                var any = index.Permission(Permissions.TenantView);
                Holds(index.Check(ada, any, customer).Allowed, "may look");
                Holds(!index.Check(default(UserHandle), any, customer).Allowed, "nobody");
                Holds(!index.Check(ada, default(PermissionHandle), customer).Allowed, "nothing");
                Holds(!index.Check(ada, any, default(TenantHandle)).Allowed, "nowhere");
                Holds(!index.Check(ada, any, customer, default(ServiceHandle)).Allowed, "by no service that is");
                Same(Throws<ValueRefusedException>(() => index.Permission("telepathy")).Code, Code.UnknownPermission);
                Same(Throws<ValueRefusedException>(() => index.Service("telepathy")).Code, Code.UnknownService);
                Same(((JArray)JObject.Parse(index.TenantAccess(customer))["rows"]).Count, 1);
                Same(((JArray)JObject.Parse(index.UserAccess(ada))["rows"]).Count, 2);
                // It follows the engine.
                world.Engine.Execute(Staff, new Commands.DisableTenants(new[] { world.Customer }));
                Same(index.Check(ada, index.Permission(Permissions.DevicesManage), customer).Reason, Code.TenantDisabled);
                Same(index.Seq, 5);
            }
        }

        private static void ABatchIsItsSingleChecks()
        {
            using (var world = new World())
            using (var index = world.Engine.OpenIndex())
            {
                var users = new[] { world.Ada, new UserId(Guid.NewGuid()) };
                var tenants = Enumerable.Range(0, 40).Select(one => world.Add("Customer " + one).Tenant).Concat(new[] { new TenantId(Guid.NewGuid()) }).ToArray();
                var permissions = new[] { Permissions.DevicesManage, Permissions.LocationView }.Select(index.Permission).ToArray();
                var services = new[] { ServiceHandle.None, index.Service(Services.Manage), index.Service(Services.Configure) };
                var userHandles = index.Users(users);
                var tenantHandles = index.Tenants(tenants);
                var resolved = new List<ResolvedQuestion>();
                var asked = new List<AccessQuestion>();
                var single = new List<AccessVerdict>();
                for (var user = 0; user < users.Length; user++)
                {
                    for (var tenant = 0; tenant < tenants.Length; tenant++)
                    {
                        foreach (var permission in permissions)
                        {
                            foreach (var service in services)
                            {
                                resolved.Add(new ResolvedQuestion(userHandles[user], permission, tenantHandles[tenant], service));
                                asked.Add(new AccessQuestion(users[user], permission, tenants[tenant], service));
                                single.Add(index.Check(users[user], permission, tenants[tenant], service));
                            }
                        }
                    }
                }
                Same(single.Count(one => one.Allowed), 80);
                Holds(index.CheckAll(resolved.ToArray()).SequenceEqual(single), "by handles");
                Holds(index.CheckAll(asked.ToArray()).SequenceEqual(single), "by ids");
                // A part of a larger array, and nothing at all.
                var verdicts = new AccessVerdict[single.Count];
                index.CheckAll(new ReadOnlySpan<ResolvedQuestion>(resolved.ToArray(), 10, 20), new Span<AccessVerdict>(verdicts, 30, 20));
                Holds(verdicts.Skip(30).Take(20).SequenceEqual(single.Skip(10).Take(20)), "a part");
                Holds(verdicts.Take(30).Concat(verdicts.Skip(50)).All(one => one.Seq == 0), "the rest is untouched");
                Same(index.CheckAll(new ResolvedQuestion[0]).Length, 0);
                Same(index.CheckAll(new AccessQuestion[0]).Length, 0);
                Throws<ArgumentException>(() => index.CheckAll(resolved.ToArray(), new AccessVerdict[1]));
            }
        }

        private static void AnIndexOutlivesItsEngine()
        {
            var world = new World(Engine.OpenMemory(new EngineOptions { Now = () => DateTimeOffset.UtcNow }));
            var index = world.Engine.OpenIndex();
            var manage = index.Permission(Permissions.DevicesManage);
            world.Dispose();
            GC.Collect();
            GC.WaitForPendingFinalizers();
            Holds(index.Check(world.Ada, manage, world.Customer).Allowed, "goes on");
            index.Dispose();
            index.Dispose();
            Throws<ObjectDisposedException>(() => index.Check(world.Ada, manage, world.Customer));
            Throws<ObjectDisposedException>(() => index.CheckAll(new AccessQuestion[1]));
            Throws<ObjectDisposedException>(() => Same(index.Seq, 0));
        }

        private static void AnIndexIsSavedAndLoaded()
        {
            var path = Path.Combine(directory, "saved.db");
            var saved = Path.Combine(directory, "saved.index");
            using (var world = new World(Engine.Open(path)))
            using (world.Engine.OpenIndex())
            {
                Same(world.Engine.SaveIndex(saved), world.Engine.Token());
            }
            using (var engine = Engine.Open(path, new EngineOptions { SavedIndex = saved, MustExist = true, ReadOnly = true }))
            using (var index = engine.OpenIndex())
            {
                Same(index.LoadedFrom, 4);
                Same(Throws<StoreException>(() => engine.Execute(Staff, new Commands.RegisterTenant(TenantKind.Msp, "No"))).Trouble, Trouble.StoreReadOnly);
            }
        }

        private static void AnIdOfAnotherKindIsNobodys()
        {
            // Without a cast it does not compile; see check.sh. With one:
            using (var world = new World())
            using (var index = world.Engine.OpenIndex())
            {
                var wrong = new TenantId(world.Ada.Value);
                Same(world.Engine.Check(world.Ada, Permissions.TenantView, wrong).Reason, Code.UnknownTenant);
                Same(world.Engine.Check(new UserId(world.Msp.Value), Permissions.TenantView, world.Msp).Reason, Code.UnknownUser);
                Holds(!index.Tenant(wrong).IsKnown, "no tenant");
                var told = Throws<UnknownRefusedException>(() => world.Engine.Execute(world.Ada, new Commands.RequestDelink(new LinkId(world.Msp.Value))));
                Same(told.Code, Code.UnknownLink);
                // An id that nobody has set is the nil id.
                Throws<RefusedException>(() => world.Engine.Execute(world.Ada, new Commands.RequestDelink(default(LinkId))));
            }
        }

        // What may go wrong at the border.

        private static void TextsThatNoTextMayBe()
        {
            using (var world = new World())
            {
                var engine = world.Engine;
                foreach (var text in new[] { "devices\0manage", "\0", "\ud800", "\udc00\ud800", "a\udfff" })
                {
                    Throws<ArgumentException>(() => engine.Check(world.Ada, text, world.Customer));
                    Throws<ArgumentException>(() => engine.Check(world.Ada, Permissions.TenantView, world.Customer, text));
                    Throws<ArgumentException>(() => Engine.Open(Path.GetTempPath() + text));
                    Throws<ArgumentException>(() => engine.Refresh(text));
                }
                foreach (var name in new[] { "half \ud800", "\udc00" })
                {
                    Throws<ArgumentException>(() => engine.Execute(Staff, new Commands.RegisterTenant(TenantKind.Msp, name)));
                    Throws<ArgumentException>(() => engine.Call("\"" + name + "\""));
                }
                // A NUL can be written in JSON, so the door is who refuses it.
                Throws<TenantryException>(() => engine.Execute(Staff, new Commands.RegisterTenant(TenantKind.Msp, "nul\0nul")));
                Throws<TenantryException>(() => engine.Backup("nul\0nul"));
                // A whole pair is a character like any other, and so is what JSON or a date format would treat in its own way.
                foreach (var name in new[] { "Café \ud83e\udd50", "日本", "\"quoted\" \\ /", "2026-03-02T08:00:00Z", "null", "</script>" })
                {
                    var made = engine.Execute(Staff, new Commands.RegisterTenant(TenantKind.Msp, name)).Outcome;
                    Same(engine.Ask(new Queries.HostEntity(Kind.Tenant, made.Value)).Tenant.Name, name);
                }
            }
        }

        private static void NullIsToldWithItsName()
        {
            using (var world = new World())
            using (var index = world.Engine.OpenIndex())
            {
                var engine = world.Engine;
                Same(Throws<ArgumentNullException>(() => Engine.Open(null)).ParamName, "path");
                Same(Throws<ArgumentNullException>(() => new Commands.RegisterTenant(TenantKind.Msp, null)).ParamName, "name");
                Same(Throws<ArgumentNullException>(() => new Queries.Customers(null, world.Msp)).ParamName, "actor");
                Same(Throws<ArgumentNullException>(() => engine.Execute<TenantId>(Staff, null)).ParamName, "command");
                Same(Throws<ArgumentNullException>(() => engine.Execute(null, new Commands.RequestDelink(world.Link))).ParamName, "actor");
                Same(Throws<ArgumentNullException>(() => engine.Ask<string>(null)).ParamName, "query");
                Same(Throws<ArgumentNullException>(() => engine.Rows<Record>(null)).ParamName, "query");
                Same(Throws<ArgumentNullException>(() => engine.Call(null)).ParamName, "json");
                Same(Throws<ArgumentNullException>(() => engine.Check(world.Ada, null, world.Customer)).ParamName, "permission");
                Same(Throws<ArgumentNullException>(() => engine.ExecuteAll(null)).ParamName, "executions");
                Same(Throws<ArgumentNullException>(() => index.Permission(null)).ParamName, "permission");
                Same(Throws<ArgumentNullException>(() => index.Users(null)).ParamName, "users");
                Same(Throws<ArgumentNullException>(() => index.CheckAll((AccessQuestion[])null)).ParamName, "questions");
                // Within a list there is no name, and still no null goes through.
                Throws<ArgumentException>(() => engine.Execute(world.Ada, new Commands.AddServices(world.Link, new string[] { null })));
                // A word that is none.
                Throws<ArgumentException>(() => engine.Execute(Staff, new Commands.RegisterTenant((TenantKind)77, "No")));
            }
        }

        private static void HugeThingsAreRefusedOrDone()
        {
            using (var world = new World())
            {
                var long_ = new string('x', 2000000);
                Throws<TenantryException>(() => world.Engine.Execute(Staff, new Commands.RegisterTenant(TenantKind.Msp, long_)));
                Throws<TenantryException>(() => world.Engine.Check(world.Ada, long_, world.Customer));
                Throws<TenantryException>(() => world.Engine.Call(new string('[', 100000)));
                Throws<TenantryException>(() => Engine.Open(Path.Combine(directory, long_)));
                var several = new Commands.AddServices(world.Link, Enumerable.Repeat(Services.Manage, 20000).ToArray());
                Throws<TenantryException>(() => world.Engine.Execute(world.Ada, several));
                Throws<TenantryException>(() => world.Engine.Execute(world.Ada, new Commands.RequestDelink(world.Link), expectedSeq: -1));
                Throws<RequestRefusedException>(() => world.Engine.Execute(world.Ada, new Commands.RequestDelink(world.Link), expectedSeq: long.MaxValue));
                Throws<ArgumentOutOfRangeException>(() => Engine.OpenMemory(new EngineOptions { Wait = TimeSpan.FromSeconds(-1) }));
                Throws<ArgumentOutOfRangeException>(() => Engine.OpenMemory(new EngineOptions { MaxBytes = -1 }));
                Engine.OpenMemory(new EngineOptions { Wait = TimeSpan.MaxValue, ClockLeap = TimeSpan.MaxValue, ClockTolerance = TimeSpan.MaxValue }).Dispose();
                using (var index = world.Engine.OpenIndex())
                {
                    var manage = index.Permission(Permissions.DevicesManage);
                    var question = new AccessQuestion(world.Ada, manage, world.Customer);
                    var verdicts = index.CheckAll(Enumerable.Repeat(question, 50000).ToArray());
                    Holds(verdicts.All(one => one.Allowed), "many at once");
                }
            }
        }

        // Lifetimes.

        private static void WhatIsDisposedSaysSo()
        {
            var world = new World(Engine.OpenMemory(new EngineOptions { Now = () => DateTimeOffset.UtcNow }));
            world.Dispose();
            world.Dispose();
            Throws<ObjectDisposedException>(() => world.Engine.Token());
            Throws<ObjectDisposedException>(() => world.Engine.Execute(world.Ada, new Commands.RequestDelink(world.Link)));
            Throws<ObjectDisposedException>(() => world.Engine.Ask(new Queries.Verify()));
            Throws<ObjectDisposedException>(() => world.Engine.Check(world.Ada, Permissions.TenantView, world.Customer));
            Throws<ObjectDisposedException>(() => world.Engine.OpenIndex());
            Throws<ObjectDisposedException>(() => world.Engine.Rows(new Queries.HostRecords()).Count());
        }

        private static void InThreads(int count, Action<int> does)
        {
            var failures = new List<Exception>();
            var threads = new List<Thread>();
            for (var one = 0; one < count; one++)
            {
                var number = one;
                threads.Add(new Thread(() =>
                {
                    try
                    {
                        does(number);
                    }
                    catch (Exception thrown)
                    {
                        lock (failures) failures.Add(thrown);
                    }
                }));
            }
            threads.ForEach(thread => thread.Start());
            threads.ForEach(thread => thread.Join());
            if (failures.Count > 0) throw new AggregateException(failures);
        }

        private static void ThreadsShareAnEngine()
        {
            var moment = new DateTimeOffset(2026, 3, 2, 8, 0, 0, TimeSpan.Zero);
            var options = new EngineOptions { SyncNormal = true, Wait = TimeSpan.FromMinutes(1), Now = () => moment, NewId = Guid.NewGuid };
            using (var world = new World(Engine.Open(Path.Combine(directory, "threads.db"), options)))
            using (var index = world.Engine.OpenIndex())
            {
                var manage = index.Permission(Permissions.DevicesManage);
                InThreads(8, number =>
                {
                    for (var round = 0; round < 10; round++)
                    {
                        var added = world.Add("One of many").Tenant;
                        Holds(index.Check(world.Ada, manage, added).Allowed, "seen by the index at once");
                        Holds(world.Engine.Check(world.Ada, Permissions.DevicesManage, world.Customer).Allowed, "seen");
                        Throws<StateRefusedException>(() => world.Engine.Execute(world.Ada, new Commands.RequestDelink(world.Link)));
                        if (round % 3 == 0) GC.Collect();
                    }
                });
                Same(world.Engine.TenantsWhere(world.Ada, Permissions.DevicesManage).Count, 82);
                Holds(world.Engine.Ask(new Queries.Verify()) is Verification.Holds, "the journal holds");
            }
        }

        private static void DisposingWaitsForWhoIsWithin()
        {
            for (var round = 0; round < 5; round++)
            {
                var world = new World();
                var index = world.Engine.OpenIndex();
                var view = index.Permission(Permissions.TenantView);
                var went = 0;
                var begun = new CountdownEvent(4);
                InThreads(5, number =>
                {
                    if (number == 4)
                    {
                        begun.Wait();
                        world.Engine.Dispose();
                        index.Dispose();
                        return;
                    }
                    var first = true;
                    try
                    {
                        for (;;)
                        {
                            Holds(world.Engine.Check(world.Ada, Permissions.TenantView, world.Customer).Allowed, "right to the end");
                            Holds(index.Check(world.Ada, view, world.Customer).Allowed, "right to the end");
                            Interlocked.Increment(ref went);
                            if (first) begun.Signal();
                            first = false;
                        }
                    }
                    catch (ObjectDisposedException)
                    {
                        if (first) begun.Signal();
                    }
                });
                Holds(went > 0, "somebody was within");
            }
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static void Forget()
        {
            for (var round = 0; round < 20; round++)
            {
                var world = new World(Engine.OpenMemory(new EngineOptions { Now = () => DateTimeOffset.UtcNow, NewId = Guid.NewGuid }));
                var index = world.Engine.OpenIndex();
                Holds(index.Check(world.Ada, index.Permission(Permissions.TenantView), world.Customer).Allowed, "may look");
                Throws<StateRefusedException>(() => world.Engine.Execute(world.Ada, new Commands.RequestDelink(world.Link)));
            }
        }

        private static void WhatNobodyDisposesIsGivenBack()
        {
            var before = NativeLibraryInfo.LiveObjects;
            // The collector looks at stacks conservatively, so what a thread had is let go with the thread.
            InThreads(1, number => Forget());
            // Most of it, soon: what some word on a stack looks like may stay.
            for (var round = 0; round < 100 && NativeLibraryInfo.LiveObjects > before + 4; round++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
            Holds(NativeLibraryInfo.LiveObjects <= before + 4, NativeLibraryInfo.LiveObjects + " things are left, of " + before);
            // What is disposed is given back at once, and so is what every call is given in between.
            before = NativeLibraryInfo.LiveObjects;
            using (var world = new World())
            using (world.Engine.OpenIndex())
            {
                for (var round = 0; round < 10; round++)
                {
                    Throws<StateRefusedException>(() => world.Engine.Execute(world.Ada, new Commands.RequestDelink(world.Link)));
                    world.Engine.TenantsWhere(world.Ada, Permissions.TenantView);
                    world.Engine.Token();
                }
                Same(NativeLibraryInfo.LiveObjects, before + 2);
            }
            Same(NativeLibraryInfo.LiveObjects, before);
        }

        // The host's functions.

        private static void TheHostTellsTheTimeAndMakesTheIds()
        {
            var at = new DateTimeOffset(2026, 3, 2, 9, 0, 0, TimeSpan.FromHours(1)).AddTicks(1234560);
            var next = 0;
            var options = new EngineOptions
            {
                Policy = "clients",
                Now = () => at,
                NewId = () => Ids.FromBytes(new byte[] { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (byte)Interlocked.Increment(ref next) }),
            };
            using (var engine = Engine.OpenMemory(options))
            {
                var made = engine.Execute(new Actor.Operator { Ticket = "T-1" }, new Commands.RegisterTenant(TenantKind.Msp, "Atlas"));
                Same(made.At, at);
                Holds(made.Outcome.ToString().StartsWith("00000000-0000-0000-0000-0000000000", StringComparison.Ordinal), made.Outcome.ToString());
                Same(engine.Ask(new Queries.Policy()).Name, "clients");
            }
        }

        private static void AHostThatThrowsEndsNothing()
        {
            var broken = false;
            var options = new EngineOptions
            {
                Now = () =>
                {
                    if (broken) throw new TimeZoneNotFoundException("no clock");
                    return DateTimeOffset.UtcNow;
                },
            };
            using (var engine = Engine.OpenMemory(options))
            {
                engine.Execute(Staff, new Commands.RegisterTenant(TenantKind.Msp, "Atlas"));
                broken = true;
                var told = Throws<RequestRefusedException>(() => engine.Execute(Staff, new Commands.RegisterTenant(TenantKind.Msp, "Borealis")));
                Same(told.Code, Code.ClockAhead);
                Holds(told.InnerException is TimeZoneNotFoundException, "with what was thrown");
                broken = false;
                engine.Execute(Staff, new Commands.RegisterTenant(TenantKind.Msp, "Borealis"));
            }
            using (var engine = Engine.OpenMemory(new EngineOptions { NewId = () => { throw new InvalidOperationException("no ids"); } }))
            {
                Holds(engine.Execute(Staff, new Commands.RegisterTenant(TenantKind.Msp, "Atlas")).Outcome.Value != Guid.Empty, "an id all the same");
            }
        }

        // Commands and queries.

        private static void ARequestIsAnsweredOnce()
        {
            using (var world = new World())
            {
                var request = new RequestId(Guid.NewGuid());
                var command = new Commands.RegisterTenant(TenantKind.Customer, "Once");
                var first = world.Engine.Execute(Staff, command, request);
                var again = world.Engine.Execute(Staff, command, request);
                Same(again.Outcome, first.Outcome);
                Same(again.Seq, first.Seq);
                Same(again.Request, request);
                var other = new Commands.RegisterTenant(TenantKind.Customer, "Twice");
                Same(Throws<RequestRefusedException>(() => world.Engine.Execute(Staff, other, request)).Code, Code.RequestReused);
            }
        }

        private static void SeveralCommandsInOneCommit()
        {
            using (var world = new World())
            {
                var done = world.Engine.ExecuteAll(new[]
                {
                    new Execution(Staff, new Commands.RegisterTenant(TenantKind.Customer, "One")),
                    new Execution(world.Ada, new Commands.RequestDelink(world.Link)),
                    new Execution(Staff, new Commands.RegisterTenant(TenantKind.Customer, "Two")) { ExpectedSeq = 1 },
                });
                Holds(done[0].Executed.Outcome is TenantId && done[0].Failure == null, "the first is done");
                Same(((RefusedException)done[1].Failure).Code, Code.NotDelinkable);
                Same(((RefusedException)done[2].Failure).Code, Code.StaleSeq);
            }
        }

        private static void LongListsAreTurnedOver()
        {
            using (var world = new World())
            {
                for (var one = 0; one < 24; one++) world.Add("Customer " + one.ToString("00"));
                var query = new Queries.Customers(world.Ada, world.Msp) { Paging = new Paging { Limit = 7 } };
                var first = world.Engine.Ask(query);
                Holds(first.Rows.Count == 7 && first.Next != null, "a page");
                var all = world.Engine.Rows(query).ToList();
                Same(all.Count, 25);
                Same(all.Select(one => one.Tenant).Distinct().Count(), 25);
                Same(world.Engine.Rows(query).Count(), 25);
                Same(world.Engine.Rows(new Queries.HostRecords { Paging = new Paging { Limit = 3, Descending = true } }).First().Seq, 28);
                query.Paging.Limit = 0;
                Same(Throws<ValueRefusedException>(() => world.Engine.Rows(query).Count()).Code, Code.InvalidLimit);
            }
        }

        private static void FieldsAreLeftSetAndCleared()
        {
            using (var world = new World())
            {
                Func<Tenant> tenant = () => world.Engine.Ask(new Queries.HostEntity(Kind.Tenant, world.Msp.Value)).Tenant;
                Action<Commands.EditTenant> edit = command => world.Engine.Execute(world.Ada, command);
                edit(new Commands.EditTenant(world.Msp) { Website = "https://northwind.example" });
                Same(tenant().Website, "https://northwind.example");
                edit(new Commands.EditTenant(world.Msp) { Name = "Northwind" });
                Same(tenant().Website, "https://northwind.example");
                Same(tenant().Name, "Northwind");
                edit(new Commands.EditTenant(world.Msp) { Website = Patch<string>.Clear });
                Same(tenant().Website, null);
                Throws<ValueRefusedException>(() => edit(new Commands.EditTenant(world.Msp)));
            }
        }

        private static void ThePastIsAsked()
        {
            var now = new DateTimeOffset(2026, 3, 2, 8, 0, 0, TimeSpan.Zero);
            using (var world = new World(Engine.OpenMemory(new EngineOptions { Now = () => now })))
            {
                now = now.AddDays(1);
                world.Engine.Execute(Staff, new Commands.DisableTenants(new[] { world.Customer }));
                var question = new[] { new Question(world.Ada, Permissions.DevicesManage, world.Customer) };
                Same(world.Engine.Ask(new Queries.CheckMany(question))[0].Reason, Code.TenantDisabled);
                Holds(world.Engine.Ask(new Queries.CheckMany(question) { AsOf = 4 })[0].Allowed, "by a record");
                Holds(world.Engine.Ask(new Queries.CheckMany(question) { AsOf = now.AddHours(-1) })[0].Allowed, "by an instant");
                Same(world.Engine.Sweep(), 0);
            }
        }

        private static void APolicyGoesInAndComesOut()
        {
            Policy policy;
            using (var engine = Engine.OpenMemory()) policy = engine.Ask(new Queries.Policy());
            using (var engine = Engine.OpenMemory(new EngineOptions { Policy = policy }))
            {
                var again = engine.Ask(new Queries.Policy());
                Same(again.Name, policy.Name);
                Holds(again.Permissions.SequenceEqual(policy.Permissions), "the same permissions");
                Same(again.Write().ToString(), policy.Write().ToString());
                engine.Execute(Staff, new Commands.SetPolicy(again));
            }
            Throws<MisuseException>(() => Engine.OpenMemory(new EngineOptions { Policy = "none such" }));
            Throws<TenantryException>(() => Engine.OpenMemory(new EngineOptions { Policy = new JObject() }));
        }

        private static void EveryEventAndNoticeOfAStoryIsRead()
        {
            using (var world = new World())
            {
                var invited = world.Engine.Execute(world.Ada, new Commands.InviteUser(world.Customer, new Invitee("lena@klein.example"), Roles.ReadOnly));
                world.Engine.Execute(invited.Outcome.User, new Commands.AcceptInvitation(invited.Outcome.Invitation, "lena@klein.example"));
                Holds(invited.Events.Any(one => one.Tag == "user_invited"), "what happened");
                var mail = world.Engine.Ask(new Queries.Notices("postman"));
                Holds(mail.Notices.Count > 0 && mail.Notices.All(one => one.Kind.Tag.Length > 0), "notices");
                world.Engine.Acknowledge("postman", mail.Through);
                Same(world.Engine.Ask(new Queries.Notices("postman")).Notices.Count, 0);
                var records = world.Engine.Rows(new Queries.HostRecords()).ToList();
                Same(records.Count, 6);
                var registered = records[1].Events.OfType<Event.TenantRegistered>().Single();
                Holds(registered.Tenant == world.Msp && registered.Kind == TenantKind.Msp && registered.Name == "Northwind IT", "registered");
                Holds(records[1].Actor is Actor.Operator && ((Actor.User)records[3].Actor).Value == world.Ada, "by whom");
            }
        }

        // Something of a type, with all that may be said of it.
        private static object Some(Type type, string name, int depth)
        {
            type = Nullable.GetUnderlyingType(type) ?? type;
            if (type == typeof(string))
            {
                var known = name.ToLowerInvariant();
                if (known.Contains("email") || known == "address") return "kim@klein.example";
                if (known == "website") return "https://klein.example";
                if (known == "country") return "DE";
                if (known == "phone") return "+49 30 1234";
                if (known == "base") return "https://klein.example";
                if (known == "token" || (known == "since" && depth == 1)) return token;
                return known.Contains("permission") || known == "grants" ? Permissions.TenantView : known.Contains("role") ? Roles.Admin : "abcd-1234";
            }
            object there;
            if (things.TryGetValue(type, out there)) return there;
            if (type == typeof(long)) return 1L;
            if (type == typeof(double)) return 1.5;
            if (type == typeof(bool)) return true;
            if (type == typeof(Guid)) return Guid.NewGuid();
            if (type == typeof(DateTimeOffset)) return DateTimeOffset.UtcNow.AddDays(-1);
            if (type == typeof(JObject)) return new JObject();
            if (type == typeof(AsOf)) return (AsOf)4;
            if (type == typeof(TypedDevice)) return new TypedDevice("123456789012345", "SN-1");
            if (type == typeof(Policy)) return shipped;
            if (type == typeof(Command)) return new Commands.RequestDelink(new LinkId(Guid.NewGuid()));
            if (type.IsEnum) return Enum.GetValues(type).GetValue(turn % Enum.GetValues(type).Length);
            if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>))
            {
                var of = type.GetGenericArguments()[0];
                var list = Array.CreateInstance(of, 1);
                list.SetValue(Some(of, name, depth + 1), 0);
                return list;
            }
            if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Patch<>))
            {
                var of = type.GetGenericArguments()[0];
                return type.GetMethod("op_Implicit").Invoke(null, new[] { Some(of, name, depth + 1) });
            }
            if (type.IsAbstract)
            {
                // Another one each time.
                var variants = type.GetNestedTypes().Where(one => one.IsSubclassOf(type)).ToArray();
                return Some(variants[turn % variants.Length], name, depth + 1);
            }
            var constructor = type.GetConstructors().Single();
            var made = constructor.Invoke(constructor.GetParameters().Select(one => Some(one.ParameterType, one.Name, depth + 1)).ToArray());
            foreach (var property in type.GetProperties().Where(one => one.CanWrite && one.Name != "Cursor" && turn < 2))
            {
                if (constructor.GetParameters().Any(one => string.Equals(one.Name, property.Name, StringComparison.OrdinalIgnoreCase))) continue;
                property.SetValue(made, Some(property.PropertyType, property.Name, depth + 1), null);
            }
            return made;
        }

        private static Policy shipped;
        private static string token;
        private static readonly Dictionary<Type, object> things = new Dictionary<Type, object>();
        private static int turn;

        // What is asked here is mostly refused. That is all right, as long as it is not for its form.
        private static void EveryCommandAndQueryIsWrittenAsTheDoorWantsIt()
        {
            using (var world = new World())
            {
                shipped = world.Engine.Ask(new Queries.Policy());
                token = world.Engine.Token();
                things[typeof(TenantId)] = world.Msp;
                things[typeof(UserId)] = world.Ada;
                things[typeof(LinkId)] = world.Link;
                var calls = new List<Tuple<string, JObject, Action<JToken>>>();
                const System.Reflection.BindingFlags own = System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.NonPublic;
                // Questions first, for some of the commands are done.
                for (turn = 0; turn < 3; turn++)
                {
                    foreach (var type in typeof(Queries).GetNestedTypes())
                    {
                        // These two want more than a form: one thing to ask for and no other, and a document of a standard.
                        if (type == typeof(Queries.HostEntities) || type == typeof(Queries.HostAuthzen)) continue;
                        var query = Some(type, type.Name, 0);
                        var call = new JObject(new JProperty("ask", (JObject)type.GetMethod("Write", own).Invoke(query, null)));
                        Action<JToken> read = reply => type.GetMethod("Answer", own).Invoke(query, new object[] { reply["answer"] });
                        calls.Add(Tuple.Create(type.Name, call, read));
                    }
                }
                for (turn = 0; turn < 3; turn++)
                {
                    foreach (var type in typeof(Commands).GetNestedTypes())
                    {
                        var command = (Command)Some(type, type.Name, 0);
                        var call = new JObject(new JProperty("execute", new Execution(Staff, command).Write()));
                        calls.Add(Tuple.Create<string, JObject, Action<JToken>>(type.Name, call, reply => new Executed<object>(reply, command.AnswerAny)));
                    }
                }
                Holds(calls.Count > 400, calls.Count + " calls");
                var wrong = new List<string>();
                var answered = 0;
                foreach (var call in calls)
                {
                    try
                    {
                        call.Item3(Json.Parse(world.Engine.Call(call.Item2.ToString())));
                        answered++;
                    }
                    catch (MisuseException misuse)
                    {
                        wrong.Add(call.Item1 + ": " + misuse.Message + " at " + misuse.Fault.Path);
                    }
                    catch (TenantryException)
                    {
                    }
                }
                Holds(wrong.Count == 0, string.Join("\n", wrong.Take(10)));
                Holds(answered > 150, answered + " are answered, and read");
            }
        }

        private static void BackupsAreRestored()
        {
            var path = Path.Combine(directory, "whole.db");
            var copy = Path.Combine(directory, "copy ü.db");
            string token;
            using (var world = new World(Engine.Open(path)))
            {
                token = world.Engine.Backup(copy);
                world.Add("Lost");
                Holds(world.Engine.Compact() >= 0, "compacted");
            }
            Holds(Engine.Restore(copy, path) != null, "restored");
            using (var engine = Engine.Open(path)) Same(engine.Refresh(), 4);
            Same(Throws<StoreException>(() => Engine.Restore(Path.Combine(directory, "no such"), path)).Trouble, Trouble.CannotOpen);
            Holds(token.Length > 0, "a token");
        }

        private static void TheLibraryIsOfThisPackage()
        {
            Same(NativeLibraryInfo.Version, Environment.GetEnvironmentVariable("TENANTRY_VERSION"));
            Native.Match(Native.AbiVersion, "0.1.0");
            var told = Throws<LibraryException>(() => Native.Match(Native.AbiVersion + 1, "9.9.9"));
            Holds(told.Message.Contains("9.9.9") && told.Message.Contains("ABI 1"), told.Message);
        }
    }
}
