using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution.Schemas;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Core.Execution;

/// <summary>
/// The life of a record: a clerk of the department whose record it is makes its next version. Register and amend bring a payload,
/// which fits the type's schema, and links; annul, supersede, reinstate and transfer leave those that are there.
/// </summary>
internal static class RecordRules
{
    /// <summary>The record's next version by one of <see cref="RecordActions"/>.</summary>
    public static Outcome Change(
        StateOverlay state, in TransactionContext at, TransactionBody.ActionOneofCase action, RecordChange change)
    {
        StateKey key = StateKey.Record(change.Record.Type, change.Record.Id);
        var subject = new RecordSubject(change.Record, state.Current<RecordState>(key));
        Rejection? rejection = Permit(state, at, change.Record, subject)
            ?? ApprovalRules.CheckForm(state, at, change)
            ?? Versions.Check(subject.Name, change.ExpectedVersion, subject.Version)
            ?? CheckStatus(action, subject)
            ?? ApprovalRules.CheckNoneWaits(state, at, change)
            ?? (change.Receiver.Length == 0 ? null : CustodyRules.CheckReceiver(state, change.Record, subject.Current!, change.Receiver))
            ?? CheckNamed(state, at.Department, change.Record, change.Successors, change.Links)
            ?? CheckPayload(state, change, subject);
        if (rejection is not null)
            return rejection;
        RecordState next = Next(state, at, action, change, subject);
        return change.ApproveUntilMs == 0
            ? Outcome.Accept(new RecordVersionEntry(key, next.Version, at.Position), new StateWrite(key, next))
            : ApprovalRules.Submit(at, change, next);
    }

    /// <summary>
    /// Only what holds takes another record's place. What is linked must hold where the type says so; else whoever reads the record
    /// sees what its links lead to by then. Whoever may not read a record does not learn so whether it is there or holds.
    /// </summary>
    public static Rejection? CheckNamed(
        StateOverlay state, string department, RecordName own, IReadOnlyList<RecordName> successors, IReadOnlyList<RecordLink> links)
    {
        Rejection? rejection = null;
        for (int i = 0; rejection is null && i < successors.Count; i++)
            rejection = CheckReading(state, department, successors[i]) ?? RequireInForce(state, successors[i], version: 0, $"take the place of {NameOf(own)}");
        if (!state.Before<RecordTypeState>(StateKey.RecordType(own.Type))!.LinksInForce)
            return rejection;
        for (int i = 0; rejection is null && i < links.Count; i++)
        {
            rejection = CheckReading(state, department, links[i].Record)
                ?? RequireInForce(state, links[i].Record, links[i].Version, $"be linked from {NameOf(own)}");
        }
        return rejection;
    }

    /// <summary>A record, for people.</summary>
    public static string NameOf(RecordName record) => $"record {record.Type}/{record.Id}";

    private static Rejection? Permit(StateOverlay state, in TransactionContext at, RecordName record, RecordSubject subject)
    {
        string type = record.Type;
        if (state.Before<RecordTypeState>(StateKey.RecordType(type)) is not { } definition)
        {
            return new Rejection(
                RejectionCode.UnknownType,
                $"The ledger has no record type {type}. "
                + "An administrator of the department that owns it defines it first.",
                ("type", type));
        }
        return CustodyRules.Require(definition, subject.Current, record, at.Department)
            ?? Authority.Require(at.Signer, OfficerRole.Clerk, "Changing a record");
    }

    /// <summary>What may follow the current version. That only register comes first, the versions say.</summary>
    private static Rejection? CheckStatus(TransactionBody.ActionOneofCase action, RecordSubject subject)
    {
        bool bringsIntoForce = action is TransactionBody.ActionOneofCase.Register or TransactionBody.ActionOneofCase.Reinstate;
        (RejectionCode code, string message)? refusal = (RecordStatus?)subject.Current?.Status switch
        {
            RecordStatus.InForce when bringsIntoForce => (
                RejectionCode.RecordInForce,
                $"There is {subject.Name}, in force at version {subject.Version}: it cannot be "
                + (action == TransactionBody.ActionOneofCase.Register ? "registered again. Amend it." : "reinstated.")),
            RecordStatus.Annulled when !bringsIntoForce => (
                RejectionCode.RecordAnnulled,
                $"Version {subject.Version} annulled {subject.Name}. Only a new registration, or its reinstatement, goes on with it."),
            RecordStatus.Superseded => (
                RejectionCode.RecordSuperseded,
                $"Version {subject.Version} closed {subject.Name}: "
                + $"{string.Join(", ", subject.Current!.Successors.Select(NameOf))} took its place. Change what took its place."),
            _ => null,
        };
        return refusal is { } r
            ? new Rejection(r.code, r.message, ("currentVersion", FieldRules.Invariant(subject.Version)))
            : null;
    }

    private static Rejection? CheckReading(StateOverlay state, string department, RecordName name) =>
        state.Protocol.Version >= ProtocolVersions.NamedRecordsAreRead
            && state.Before<RecordTypeState>(StateKey.RecordType(name.Type)) is { } type
            ? ReadRules.CheckDepartment(type, department)
            : null;

    /// <summary>Whether a record, and a version of it if one is meant, is there and the record in force.</summary>
    private static Rejection? RequireInForce(StateOverlay state, RecordName name, ulong version, string purpose)
    {
        RecordState? found = state.Current<RecordState>(StateKey.Record(name.Type, name.Id));
        if (found is null || version > found.Version)
        {
            return new Rejection(
                RejectionCode.UnknownRecord,
                $"There is no {(version == 0 ? "" : $"version {version} of ")}{NameOf(name)} to {purpose}. "
                + "Check the name, or register it first.",
                ("type", name.Type),
                ("recordId", name.Id),
                ("version", FieldRules.Invariant(version)));
        }
        return found.Status == (uint)RecordStatus.InForce
            ? null
            : new Rejection(
                RejectionCode.RecordNotInForce,
                $"Version {found.Version} ended {NameOf(name)}, so it cannot {purpose}. Name one that is in force.",
                ("type", name.Type),
                ("recordId", name.Id),
                ("currentVersion", FieldRules.Invariant(found.Version)));
    }

    /// <summary>Last, for it costs the most. The type is there, and its definition is the one before the block.</summary>
    private static Rejection? CheckPayload(StateOverlay state, RecordChange change, RecordSubject subject)
    {
        StateKey key = StateKey.RecordType(change.Record.Type);
        if (change.Payload is not { Inline: { } payload } || state.SchemaOf(key) is not { } schema
            || schema.Check(payload.MediaType, payload.Content.Memory) is not { } violation)
            return null;
        ulong version = state.Before<RecordTypeState>(key)!.Version;
        return new Rejection(
            RejectionCode.InvalidPayload,
            $"The content of {subject.Name} does not fit version {version} of the type: {violation}. Correct the content.",
            ("type", change.Record.Type),
            ("typeVersion", FieldRules.Invariant(version)),
            ("keyword", violation.Keyword),
            ("pointer", violation.Pointer),
            ("problem", violation.Problem));
    }

    private static RecordState Next(
        StateOverlay state, in TransactionContext at, TransactionBody.ActionOneofCase action, RecordChange change, RecordSubject subject)
    {
        var next = new RecordState
        {
            Record = change.Record,
            Version = subject.Version + 1,
            Status = (uint)RecordActions.StatusAfter(action),
            Department = at.Department,
            OfficerId = at.Signer.OfficerId,
            Reason = change.Reason,
            LegalBasis = change.LegalBasis,
            EffectiveDate = change.EffectiveDate,
            RecordedAtMs = at.TimeMs,
            Height = at.Height,
            Position = at.Position,
            Successors = { change.Successors },
            Custodian = CustodyRules.After(state, change, subject.Current),
            Transaction = state.Protocol.Version >= ProtocolVersions.RecordsNameTheirTransaction ? ByteString.CopyFrom(at.TransactionId.Span) : ByteString.Empty,
        };
        if (change.Payload is { Inline: { } payload })
        {
            next.PayloadDigest = ByteString.CopyFrom(Sha256.Hash(payload.Content.Span).Span);
            next.MediaType = payload.MediaType;
            next.PayloadBytes = (ulong)payload.Content.Length;
            next.PayloadPosition = at.Position;
            next.Links.Add(change.Links);
        }
        else
        {
            RecordState current = subject.Current!;
            next.PayloadDigest = current.PayloadDigest;
            next.MediaType = current.MediaType;
            next.PayloadBytes = current.PayloadBytes;
            next.PayloadPosition = current.PayloadPosition;
            next.Links.Add(current.Links);
        }
        return next;
    }

    /// <summary>A record as the block's transactions so far have left it.</summary>
    private readonly record struct RecordSubject(RecordName Record, RecordState? Current)
    {
        public ulong Version => Current?.Version ?? 0;

        public string Name => NameOf(Record);
    }
}
