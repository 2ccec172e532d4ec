using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Core.Execution;

/// <summary>The rules of a genesis body's fields (docs/SPEC.md, "Genesis").</summary>
internal static class GenesisRules
{
    /// <summary>The first field that breaks its rule, or null.</summary>
    public static FieldViolation? Check(GenesisBody body) =>
        FieldRules.Number("format_version", body.FormatVersion, Genesis.FormatVersion, Genesis.FormatVersion)
        ?? FieldRules.Require(
            Identifiers.IsNetworkName(body.NetworkName), "network_name", "1 to 64 of a-z 0-9 . -", body.NetworkName)
        ?? FieldRules.Number("created_at_ms", body.CreatedAtMs, 1, ulong.MaxValue)
        ?? FieldRules.Nonce("nonce", body.Nonce.Span)
        ?? Departments(body.Departments)
        ?? Keys(body.Departments)
        ?? Parameters(body.Parameters)
        ?? FieldRules.Number(
            "protocol_version", body.ProtocolVersion, Genesis.ProtocolVersion, Genesis.ProtocolVersion);

    private static FieldViolation? Parameters(Parameters? parameters)
    {
        if (parameters is null)
            return FieldViolation.Of("parameters", "given", "");
        return LedgerParameters.Check(parameters) is { } violation
            ? violation with { Field = $"parameters.{violation.Field}" }
            : null;
    }

    private static FieldViolation? Departments(IReadOnlyList<GenesisDepartment> departments)
    {
        if (departments.Count is 0 or > Limits.ValidatorsMax)
            return FieldRules.Count("departments", $"1 to {Limits.ValidatorsMax} departments", departments.Count);
        for (int i = 0; i < departments.Count; i++)
        {
            string at = $"departments[{i}]";
            GenesisDepartment department = departments[i];
            FieldViolation? violation = FieldRules.Department($"{at}.id", department.Id)
                ?? FieldRules.Require(
                    i == 0 || string.CompareOrdinal(departments[i - 1].Id, department.Id) < 0,
                    $"{at}.id", "greater than the one before", department.Id)
                ?? FieldRules.Texts($"{at}.names", department.Names)
                ?? FieldRules.Key($"{at}.validator_key", department.ValidatorKey.Span)
                ?? FieldRules.Endpoint($"{at}.endpoint", department.Endpoint)
                ?? Administrators($"{at}.administrators", department.Administrators);
            if (violation is not null)
                return violation;
        }
        return null;
    }

    private static FieldViolation? Administrators(string field, IReadOnlyList<GenesisOfficer> officers)
    {
        if (officers.Count is 0 or > Limits.GenesisAdministratorsMax)
            return FieldRules.Count(field, $"1 to {Limits.GenesisAdministratorsMax} officers", officers.Count);
        for (int i = 0; i < officers.Count; i++)
        {
            FieldViolation? violation = FieldRules.Officer($"{field}[{i}].officer_id", officers[i].OfficerId)
                ?? FieldRules.Require(
                    i == 0 || string.CompareOrdinal(officers[i - 1].OfficerId, officers[i].OfficerId) < 0,
                    $"{field}[{i}].officer_id", "greater than the one before", officers[i].OfficerId)
                ?? FieldRules.Key($"{field}[{i}].public_key", officers[i].PublicKey.Span);
            if (violation is not null)
                return violation;
        }
        return null;
    }

    /// <summary>No key stands twice, whether of a validator or of an administrator.</summary>
    private static FieldViolation? Keys(IReadOnlyList<GenesisDepartment> departments)
    {
        var seen = new HashSet<PublicKey>();
        for (int i = 0; i < departments.Count; i++)
        {
            if (Once(seen, $"departments[{i}].validator_key", departments[i].ValidatorKey.Span) is { } validator)
                return validator;
            for (int j = 0; j < departments[i].Administrators.Count; j++)
            {
                string field = $"departments[{i}].administrators[{j}].public_key";
                if (Once(seen, field, departments[i].Administrators[j].PublicKey.Span) is { } administrator)
                    return administrator;
            }
        }
        return null;
    }

    private static FieldViolation? Once(HashSet<PublicKey> seen, string field, ReadOnlySpan<byte> bytes) =>
        PublicKey.TryParse(bytes, out PublicKey? key) && seen.Add(key)
            ? null
            : FieldViolation.Of(field, "a key that stands nowhere else", Convert.ToHexStringLower(bytes));
}
