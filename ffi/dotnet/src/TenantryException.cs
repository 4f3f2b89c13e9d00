using System;
using System.Collections.Generic;
using Newtonsoft.Json.Linq;

namespace Tenantry
{
    /// <summary>
    /// The native library cannot be loaded, or is not of this package's kind.
    /// </summary>
    public sealed class LibraryException : Exception
    {
        internal LibraryException(string message, Exception inner) : base(message, inner) { }
    }

    /// <summary>
    /// A call was not done: a <see cref="RefusedException"/>, which is an expected "no" with a remedy, or a
    /// <see cref="TroubleException"/>. Which family it is of says its class.
    /// </summary>
    public abstract class TenantryException : Exception
    {
        internal TenantryException(Fault fault, Exception cause) : base(fault.Message + "; " + fault.Remedy, cause)
        {
            Fault = fault;
        }

        /// <summary>All that is known of it.</summary>
        public Fault Fault { get; }

        /// <summary>The stable number: up to 999 of a refusal (<c>Code</c>), from 9000 on of a trouble (<c>Trouble</c>).</summary>
        public int Number
        {
            get { return Fault.Number; }
        }

        /// <summary>The stable name, such as <c>not_delinkable</c>.</summary>
        public string Name
        {
            get { return Fault.Name; }
        }

        /// <summary>What to do about it.</summary>
        public string Remedy
        {
            get { return Fault.Remedy; }
        }

        internal static TenantryException Of(int status, string json, Exception cause)
        {
            return Of(json.Length == 0 ? Fault.Of(status) : Fault.Read(Json.Parse(json)), cause);
        }

        internal static TenantryException Of(Fault fault, Exception cause)
        {
            switch (fault.Family)
            {
                case FaultFamily.Request: return new RequestRefusedException(fault, cause);
                case FaultFamily.Unknown: return new UnknownRefusedException(fault, cause);
                case FaultFamily.Rights: return new RightsRefusedException(fault, cause);
                case FaultFamily.Value: return new ValueRefusedException(fault, cause);
                case FaultFamily.State: return new StateRefusedException(fault, cause);
                case FaultFamily.Store: return new StoreException(fault, cause);
                case FaultFamily.Misuse: return new MisuseException(fault, cause);
                default: return new DefectException(fault, cause);
            }
        }
    }

    /// <summary>An expected "no", with a remedy and the rule that it comes from.</summary>
    public abstract class RefusedException : TenantryException
    {
        internal RefusedException(Fault fault, Exception cause) : base(fault, cause) { }

        /// <summary>Why, as one of all refusals.</summary>
        public Code Code
        {
            get { return (Code)Fault.Number; }
        }

        /// <summary>The rule that it comes from, such as <c>D-1</c>.</summary>
        public string Rule
        {
            get { return Fault.Rule; }
        }
    }

    /// <summary>The request cannot be taken as it comes: its id was used, the journal has moved on, the clock is wrong.</summary>
    public sealed class RequestRefusedException : RefusedException
    {
        internal RequestRefusedException(Fault fault, Exception cause) : base(fault, cause) { }
    }

    /// <summary>Something is not there, or not for whoever asks.</summary>
    public sealed class UnknownRefusedException : RefusedException
    {
        internal UnknownRefusedException(Fault fault, Exception cause) : base(fault, cause) { }
    }

    /// <summary>Whoever asks may not.</summary>
    public sealed class RightsRefusedException : RefusedException
    {
        internal RightsRefusedException(Fault fault, Exception cause) : base(fault, cause) { }
    }

    /// <summary>A value is none that can be taken.</summary>
    public sealed class ValueRefusedException : RefusedException
    {
        internal ValueRefusedException(Fault fault, Exception cause) : base(fault, cause) { }
    }

    /// <summary>As things stand, it cannot be done.</summary>
    public sealed class StateRefusedException : RefusedException
    {
        internal StateRefusedException(Fault fault, Exception cause) : base(fault, cause) { }
    }

    /// <summary>No refusal: the call, the store or tenantry itself is at fault.</summary>
    public abstract class TroubleException : TenantryException
    {
        internal TroubleException(Fault fault, Exception cause) : base(fault, cause) { }

        /// <summary>What it is, as one of all troubles.</summary>
        public Trouble Trouble
        {
            get { return (Trouble)Fault.Number; }
        }
    }

    /// <summary>The store could not do what it should.</summary>
    public sealed class StoreException : TroubleException
    {
        internal StoreException(Fault fault, Exception cause) : base(fault, cause) { }
    }

    /// <summary>The call is not as it should be.</summary>
    public sealed class MisuseException : TroubleException
    {
        internal MisuseException(Fault fault, Exception cause) : base(fault, cause) { }
    }

    /// <summary>Tenantry has a defect and stopped within the call.</summary>
    public sealed class DefectException : TroubleException
    {
        internal DefectException(Fault fault, Exception cause) : base(fault, cause) { }
    }

    /// <summary>Why a call has no reply.</summary>
    public sealed class Fault
    {
        private Fault() { }

        /// <summary>The stable number.</summary>
        public int Number { get; private set; }

        /// <summary>The stable name.</summary>
        public string Name { get; private set; }

        /// <summary>Where it lies.</summary>
        public FaultFamily Family { get; private set; }

        /// <summary>What stands in the way.</summary>
        public string Message { get; private set; }

        /// <summary>What to do about it.</summary>
        public string Remedy { get; private set; }

        /// <summary>The rule that a refusal comes from; else null.</summary>
        public string Rule { get; private set; }

        /// <summary>What a refusal is about: an id, a name or a value; else null.</summary>
        public string About { get; private set; }

        /// <summary>Where in the call a misuse is, such as <c>execute.command.owner.email</c>; else null.</summary>
        public string Path { get; private set; }

        /// <summary>Whether the same call may pass later without anybody changing it.</summary>
        public bool Transient { get; private set; }

        /// <summary>For a batch: every item that stands in the way.</summary>
        public IReadOnlyList<FaultItem> Items { get; private set; }

        internal static Fault Read(JToken d)
        {
            return new Fault
            {
                Number = (int)Json.Integer(Json.Need(d, "number")),
                Name = Json.Text(Json.Need(d, "name")),
                Family = (FaultFamily)Json.Word(Json.Need(d, "family"), Spelled.FaultFamily, "FaultFamily"),
                Message = Json.Text(Json.Need(d, "message")),
                Remedy = Json.Text(Json.Need(d, "remedy")),
                Rule = Json.Maybe(d["rule"], Json.Text),
                About = Json.Maybe(d["about"], Json.Text),
                Path = Json.Maybe(d["path"], Json.Text),
                Transient = Json.Flag(Json.Need(d, "transient")),
                Items = Json.List(d["items"], FaultItem.Read),
            };
        }

        // Where there is a status and no more.
        internal static Fault Of(int status)
        {
            return new Fault
            {
                Number = status,
                Name = Native.Read(Native.tenantry_status_name(status)),
                Family = status < 9200 ? FaultFamily.Store : status < 9900 ? FaultFamily.Misuse : FaultFamily.Defect,
                Message = Native.Read(Native.tenantry_status_message(status)),
                Remedy = Native.Read(Native.tenantry_status_remedy(status)),
                Items = new FaultItem[0],
            };
        }
    }

    /// <summary>Why one item of a batch cannot be done.</summary>
    public sealed class FaultItem
    {
        private FaultItem() { }

        /// <summary>The item's place in the batch, from 0.</summary>
        public long Index { get; private set; }

        /// <summary>Why.</summary>
        public Code Code { get; private set; }

        /// <summary>What stands in the way.</summary>
        public string Message { get; private set; }

        /// <summary>What to do about it.</summary>
        public string Remedy { get; private set; }

        /// <summary>The rule it comes from.</summary>
        public string Rule { get; private set; }

        /// <summary>What it is about.</summary>
        public string About { get; private set; }

        internal static FaultItem Read(JToken d)
        {
            return new FaultItem
            {
                Index = Json.Integer(Json.Need(d, "index")),
                Code = (Code)Json.Integer(Json.Need(d, "number")),
                Message = Json.Text(Json.Need(d, "message")),
                Remedy = Json.Text(Json.Need(d, "remedy")),
                Rule = Json.Text(Json.Need(d, "rule")),
                About = Json.Text(Json.Need(d, "about")),
            };
        }
    }
}
