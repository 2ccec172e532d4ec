using GovChain.Core.Execution.Schemas;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Core.Execution;

/// <summary>
/// Defining a record type or its next version: an administrator of the owning department; who defines a type first
/// owns it. Records may use it from the next block on.
/// </summary>
internal static class TypeRules
{
    public static Outcome Define(StateOverlay state, in TransactionContext at, DefineType definition)
    {
        StateKey key = StateKey.RecordType(definition.Type);
        RecordTypeState? current = state.Current<RecordTypeState>(key);
        if (Permit(at, definition, current) is { } rejection)
            return rejection;
        var next = new RecordTypeState
        {
            Type = definition.Type,
            Version = (current?.Version ?? 0) + 1,
            Owner = at.Department,
            Titles = { definition.Titles },
            PublicRead = definition.PublicRead,
            Description = definition.Description,
            DefinedHeight = at.Height,
            DefinedPosition = at.Position,
            Schema = definition.Schema,
            LinksInForce = definition.LinksInForce,
            Approvers = { definition.Approvers },
            FourEyes = definition.FourEyes,
            Readers = { definition.Readers },
        };
        return Outcome.Accept(new StateWrite(key, next));
    }

    private static Rejection? Permit(in TransactionContext at, DefineType definition, RecordTypeState? current)
    {
        if (current is not null && current.Owner != at.Department)
        {
            return new Rejection(
                RejectionCode.NotPermitted,
                $"Record type {definition.Type} belongs to {current.Owner}; an officer of "
                + $"{at.Department} may not change it.",
                ("type", definition.Type),
                ("owner", current.Owner),
                ("department", at.Department));
        }
        return Authority.Require(at.Signer, OfficerRole.Administrator, "Defining a record type")
            ?? Versions.Check($"record type {definition.Type}", definition.ExpectedVersion, current?.Version ?? 0)
            ?? CheckSchema(definition.Schema);
    }

    /// <summary>Last: only who may define a type has every node read a schema.</summary>
    private static Rejection? CheckSchema(string schema)
    {
        if (schema.Length == 0 || PayloadSchema.TryParse(schema, out SchemaViolation? violation) is not null)
            return null;
        return new Rejection(
            RejectionCode.InvalidSchema,
            $"The ledger does not take the schema: {violation}. Use the keywords that the specification lists, and nothing else.",
            ("keyword", violation!.Value.Keyword),
            ("pointer", violation.Value.Pointer),
            ("problem", violation.Value.Problem));
    }
}
