using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Core.Execution;

/// <summary>The rules of the fields of genesis bodies and of the joining bodies that they are made from (docs/SPEC.md, "Genesis").
/// </summary>
internal static class GenesisRules
{
    /// <summary>The first field that breaks its rule, or null.</summary>
    public static FieldViolation? Check(GenesisBody body) =>
        FieldRules.Number("format_version", body.FormatVersion, Genesis.FormatVersion, Genesis.FormatVersion)
        ?? NetworkName(body.NetworkName)
        ?? FieldRules.Number("created_at_ms", body.CreatedAtMs, 1, ulong.MaxValue)
        ?? FieldRules.Nonce("nonce", body.Nonce.Span)
        ?? Departments(body.Departments)
        ?? Keys(body.Departments)
        ?? Parameters(body.Parameters)
        ?? FieldRules.Require(
            body.ProtocolVersion is >= ProtocolVersions.First and <= ProtocolVersions.Newest,
            "protocol_version", $"{ProtocolVersions.First} to {ProtocolVersions.Newest}, the versions that this release executes",
            FieldRules.Invariant(body.ProtocolVersion));

    /// <summary>The first field of a joining body that breaks its rule, or null (docs/SPEC.md, "Joining file").</summary>
    public static FieldViolation? Check(JoiningBody body) =>
        FieldRules.Number("format_version", body.FormatVersion, JoiningFile.FormatVersion, JoiningFile.FormatVersion)
        ?? NetworkName(body.NetworkName)
        ?? (body.Department is { } department
            ? Department("department", department) ?? Keys([], "department", department)
            : FieldViolation.Of("department", "given", ""));

    private static FieldViolation? NetworkName(string name) =>
        FieldRules.Require(Identifiers.IsNetworkName(name), "network_name", "1 to 64 of a-z 0-9 . -", name);

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
            FieldViolation? violation = Department(at, department)
                ?? FieldRules.Require(
                    i == 0 || string.CompareOrdinal(departments[i - 1].Id, department.Id) < 0,
                    $"{at}.id", "greater than the one before", department.Id);
            if (violation is not null)
                return violation;
        }
        return null;
    }

    private static FieldViolation? Department(string at, GenesisDepartment department) =>
        FieldRules.Department($"{at}.id", department.Id)
        ?? FieldRules.Texts($"{at}.names", department.Names)
        ?? FieldRules.Key($"{at}.validator_key", department.ValidatorKey.Span)
        ?? FieldRules.Endpoint($"{at}.endpoint", department.Endpoint)
        ?? Administrators($"{at}.administrators", department.Administrators);

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
            if (Keys(seen, $"departments[{i}]", departments[i]) is { } violation)
                return violation;
        }
        return null;
    }

    private static FieldViolation? Keys(HashSet<PublicKey> seen, string at, GenesisDepartment department)
    {
        FieldViolation? violation = Once(seen, $"{at}.validator_key", department.ValidatorKey.Span);
        for (int i = 0; violation is null && i < department.Administrators.Count; i++)
            violation = Once(seen, $"{at}.administrators[{i}].public_key", department.Administrators[i].PublicKey.Span);
        return violation;
    }

    private static FieldViolation? Once(HashSet<PublicKey> seen, string field, ReadOnlySpan<byte> bytes) =>
        PublicKey.TryParse(bytes, out PublicKey? key) && seen.Add(key)
            ? null
            : FieldViolation.Of(field, "a key that stands nowhere else", Convert.ToHexStringLower(bytes));
}
