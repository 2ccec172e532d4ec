using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Microsoft.AspNetCore.Grpc.JsonTranscoding;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using Status = Google.Rpc.Status;

namespace GovChain.Rpc;

/// <summary>
/// Stands before JSON transcoding, which takes bodies of any size, unknown names and names that come twice: two
/// programs would read two things in one request. What passes here is small, strict UTF-8 JSON of a known message.
/// </summary>
/// <remarks>Requests with a body are flat messages; a test holds that, since nested names are not checked here.
/// </remarks>
internal sealed class JsonGate(RequestDelegate next, RpcOptions options, RpcMetrics metrics)
{
    /// <summary>The middleware.</summary>
    public async Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint() is not { } endpoint)
        {
            if (context.Request.Path.StartsWithSegments("/v1"))
                await RefuseAsync(context, new Refusal("NO_SUCH_PATH", "", "This node has no such path.",
                    StatusCode.NotFound));
            else
                await next(context);
            return;
        }
        if (endpoint.Metadata.GetMetadata<GrpcJsonTranscodingMetadata>() is { } method
            && !ErrorResponse.IsGrpc(context.Request))
        {
            Refusal? refusal = CheckQuery(context.Request, method)
                ?? (method.HttpRule.Body.Length == 0
                    ? await CheckNoBodyAsync(context.Request)
                    : await CheckBodyAsync(context.Request, method.MethodDescriptor.InputType));
            if (refusal is not null)
            {
                await RefuseAsync(context, refusal);
                return;
            }
        }
        await next(context);
    }

    private static Refusal? CheckQuery(HttpRequest request, GrpcJsonTranscodingMetadata method)
    {
        var seen = new HashSet<FieldDescriptor>();
        foreach ((string name, Microsoft.Extensions.Primitives.StringValues values) in request.Query)
        {
            FieldDescriptor? field = FindField(method.MethodDescriptor.InputType, name);
            if (method.HttpRule.Body.Length > 0 || field is null || request.RouteValues.ContainsKey(field.Name)
                || request.RouteValues.ContainsKey(field.JsonName))
                return new Refusal("UNKNOWN_FIELD", name, "This method does not know a name in the query.");
            if (values.Count != 1 || !seen.Add(field))
                return new Refusal("DUPLICATE_FIELD", name, "The query gives a value twice.");
        }
        return null;
    }

    private static async Task<Refusal?> CheckNoBodyAsync(HttpRequest request)
    {
        byte[] one = new byte[1];
        return request.ContentLength is > 0 || await request.Body.ReadAsync(one) > 0
            ? new Refusal("UNEXPECTED_BODY", "", "This method takes no body.")
            : null;
    }

    private async Task<Refusal?> CheckBodyAsync(HttpRequest request, MessageDescriptor message)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out MediaTypeHeaderValue? type)
            || !type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
            || (type.Charset.HasValue && !type.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase))
            || request.Headers.ContentEncoding.Count > 0)
            return new Refusal(
                "UNSUPPORTED_MEDIA_TYPE", "", "The body must be application/json in UTF-8, uncompressed.",
                HttpStatus: StatusCodes.Status415UnsupportedMediaType);

        byte[] buffer = ArrayPool<byte>.Shared.Rent(options.JsonBodyBytesMax + 1);
        byte[] body;
        try
        {
            int length = await request.Body.ReadAtLeastAsync(buffer.AsMemory(0, options.JsonBodyBytesMax + 1),
                options.JsonBodyBytesMax + 1, throwOnEndOfStream: false, request.HttpContext.RequestAborted);
            if (length > options.JsonBodyBytesMax)
                return TooLarge();
            body = buffer[..length];
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return TooLarge();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
        if (CheckJson(body, message) is { } refusal)
            return refusal;
        request.Body = new MemoryStream(body, writable: false);
        request.ContentLength = body.Length;
        return null;
    }

    /// <summary>Whether the bytes are one strict JSON object of this message; if not, why.</summary>
    internal Refusal? CheckJson(ReadOnlyMemory<byte> body, MessageDescriptor message)
    {
        if (!Utf8.IsValid(body.Span))
            return new Refusal("MALFORMED_JSON", "", "The body is not UTF-8.");
        try
        {
            using JsonDocument document = JsonDocument.Parse(body, new JsonDocumentOptions
            {
                MaxDepth = options.JsonDepthMax,
                CommentHandling = JsonCommentHandling.Disallow,
                AllowTrailingCommas = false,
            });
            return CheckNames(document.RootElement, message) ?? CheckValues(body, message);
        }
        catch (JsonException e)
        {
            return new Refusal("MALFORMED_JSON", "",
                $"The body is no JSON, or nested deeper than {options.JsonDepthMax}: line {e.LineNumber + 1}, byte "
                + $"{e.BytePositionInLine}.");
        }
        catch (InvalidOperationException)
        {
            return new Refusal("MALFORMED_JSON", "", "The body has half of a UTF-16 surrogate pair in a name.");
        }
    }

    private static Refusal? CheckNames(JsonElement root, MessageDescriptor message)
    {
        if (root.ValueKind != JsonValueKind.Object)
            return new Refusal("NOT_AN_OBJECT", "", "The body must be a JSON object.");
        var seen = new HashSet<FieldDescriptor>();
        foreach (JsonProperty property in root.EnumerateObject())
        {
            if (FindField(message, property.Name) is not { } field)
                return new Refusal("UNKNOWN_FIELD", property.Name, "This method does not know a name in the body.");
            if (!seen.Add(field))
                return new Refusal("DUPLICATE_FIELD", property.Name, "The body gives a value twice.");
        }
        return null;
    }

    /// <summary>Reads the values as protobuf's JSON mapping has them, so that a wrong one gets a typed answer.
    /// </summary>
    private static Refusal? CheckValues(ReadOnlyMemory<byte> body, MessageDescriptor message)
    {
        try
        {
            JsonParser.Default.Parse(Encoding.UTF8.GetString(body.Span), message);
            return null;
        }
        catch (InvalidProtocolBufferException e)
        {
            return new Refusal("INVALID_ARGUMENT", "", $"A value does not fit its field: {e.Message}");
        }
    }

    private static FieldDescriptor? FindField(MessageDescriptor message, string name)
    {
        foreach (FieldDescriptor field in message.Fields.InDeclarationOrder())
        {
            if (field.JsonName == name || field.Name == name)
                return field;
        }
        return null;
    }

    private Refusal TooLarge() => new(
        "BODY_TOO_LARGE", "", $"The body may have at most {options.JsonBodyBytesMax} bytes.",
        HttpStatus: StatusCodes.Status413PayloadTooLarge);

    private Task RefuseAsync(HttpContext context, Refusal refusal)
    {
        metrics.Refused(refusal.Reason);
        string field = refusal.Field.Length > 128 ? refusal.Field[..128] : refusal.Field;
        Status status = ErrorStatus.Make(refusal.Code, refusal.Reason, refusal.Message,
            field.Length > 0 ? [("field", field)] : []);
        if (field.Length > 0)
            ErrorStatus.AddField(status, field, refusal.Message);
        return ErrorResponse.WriteAsync(context, status, refusal.HttpStatus);
    }

    /// <summary>Why a request does not pass.</summary>
    internal sealed record Refusal(string Reason, string Field, string Message,
        StatusCode Code = StatusCode.InvalidArgument, int? HttpStatus = null);
}
