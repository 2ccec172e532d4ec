using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution.Schemas;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Core.Execution;

/// <summary>
/// Register, amend, annul: a clerk of the department that owns the type makes a record's next version, with a payload that fits
/// the type's schema.
/// </summary>
internal static class RecordRules
{
    public static Outcome Register(StateOverlay state, in TransactionContext at, RecordChange change)
    {
        RecordSubject subject = Find(state, change);
        Rejection? rejection = Permit(state, at, change, subject);
        if (rejection is null && subject.Current is { Status: (uint)RecordStatus.InForce })
        {
            rejection = new Rejection(
                RejectionCode.RecordInForce,
                $"There is {subject.Name}, "
                + $"in force at version {subject.Version}: it cannot be registered again. Amend it.",
                ("currentVersion", FieldRules.Invariant(subject.Version)));
        }
        return rejection ?? CheckPayload(state, change, subject) ?? Accept(at, change, subject);
    }

    /// <summary>An amendment, which has a payload, or an annulment, which has none.</summary>
    public static Outcome Follow(StateOverlay state, in TransactionContext at, RecordChange change)
    {
        RecordSubject subject = Find(state, change);
        Rejection? rejection = Permit(state, at, change, subject);
        if (rejection is null && subject.Current is { Status: (uint)RecordStatus.Annulled })
        {
            rejection = new Rejection(
                RejectionCode.RecordAnnulled,
                $"Version {subject.Version} annulled {subject.Name}. Only a new registration goes on with it.",
                ("currentVersion", FieldRules.Invariant(subject.Version)));
        }
        return rejection ?? CheckPayload(state, change, subject) ?? Accept(at, change, subject);
    }

    private static RecordSubject Find(StateOverlay state, RecordChange change)
    {
        StateKey key = StateKey.Record(change.Record.Type, change.Record.Id);
        return new RecordSubject(key, change.Record, state.Current<RecordState>(key));
    }

    private static Rejection? Permit(
        StateOverlay state, in TransactionContext at, RecordChange change, RecordSubject subject)
    {
        string type = change.Record.Type;
        if (state.Before<RecordTypeState>(StateKey.RecordType(type)) is not { } definition)
        {
            return new Rejection(
                RejectionCode.UnknownType,
                $"The ledger has no record type {type}. "
                + "An administrator of the department that owns it defines it first.",
                ("type", type));
        }
        if (definition.Owner != at.Department)
        {
            return new Rejection(
                RejectionCode.NotPermitted,
                $"Records of type {type} belong to {definition.Owner}; an officer of {at.Department} "
                + "may not change them.",
                ("type", type),
                ("owner", definition.Owner),
                ("department", at.Department));
        }
        return Authority.Require(at.Signer, OfficerRole.Clerk, "Changing a record")
            ?? Versions.Check(subject.Name, change.ExpectedVersion, subject.Version);
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

    private static Outcome Accept(in TransactionContext at, RecordChange change, RecordSubject subject)
    {
        var next = new RecordState
        {
            Record = change.Record,
            Version = subject.Version + 1,
            Status = (uint)RecordStatus.InForce,
            Department = at.Department,
            OfficerId = at.Signer.OfficerId,
            Reason = change.Reason,
            LegalBasis = change.LegalBasis,
            EffectiveDate = change.EffectiveDate,
            RecordedAtMs = at.TimeMs,
            Height = at.Height,
            Position = at.Position,
            PayloadPosition = at.Position,
        };
        if (change.Payload is { } payload)
        {
            ReadOnlySpan<byte> content = payload.Inline.Content.Span;
            next.PayloadDigest = ByteString.CopyFrom(Sha256.Hash(content).Span);
            next.MediaType = payload.Inline.MediaType;
            next.PayloadBytes = (ulong)content.Length;
        }
        else
        {
            next.Status = (uint)RecordStatus.Annulled;
            next.PayloadPosition = subject.Current!.PayloadPosition;
        }
        return Outcome.Accept(
            new StateWrite(subject.Key, next), new RecordVersionEntry(subject.Key, next.Version, at.Position));
    }

    /// <summary>A record as the block's transactions so far have left it.</summary>
    private readonly record struct RecordSubject(StateKey Key, RecordName Record, RecordState? Current)
    {
        public ulong Version => Current?.Version ?? 0;

        public string Name => $"record {Record.Type}/{Record.Id}";
    }
}
